#include "kernels/heatmap.h"

#include "kernels/cuda_operations.h"
#include "kernels/dispatch.h"
#include "kernels/heatmap_ref.h"

namespace lanet {

void heatmap(Context& context, const HeatmapArgs& args) {
  const Tensor& target = args.target;
  LANET_REQUIRE(target && target.shape.rank() == 4 &&
                    (target.dtype == DType::f32 || target.dtype == DType::f64),
                "target is {} {}", target.dtype, target.shape);
  require_tensor(args.weight, target.shape, target.dtype, "weight");
  require_tensor(args.landmarks, {target.shape[0], target.shape[3], 2}, target.dtype, "landmarks");
  if (args.valid) require_tensor(args.valid, {target.shape[0]}, DType::u8, "valid");
  run_operation(
      context, "heatmap", {.bytes = bytes_of({args.landmarks, target, args.weight})},
      [&] { heatmap_cuda(context, args); },
      [&] { dispatch_wide(target.dtype, [&]<typename T>() { heatmap_ref<T>(args); }); });
}

}  // namespace lanet
