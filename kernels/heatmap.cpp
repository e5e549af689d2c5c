#include "kernels/heatmap.h"

#include "core/operation.h"
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
  const Operation operation(context, "heatmap",
                            {.bytes = bytes_of({args.landmarks, target, args.weight})});
  if (!operation.runs()) return;
  LANET_RUN_CUDA(context, heatmap_cuda(context, args));
  if (target.dtype == DType::f64)
    heatmap_ref<double>(args);
  else
    heatmap_ref<float>(args);
}

}  // namespace lanet
