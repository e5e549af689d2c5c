#include "kernels/adaptive_wing.h"

#include "kernels/adaptive_wing_ref.h"
#include "kernels/checks.h"
#include "kernels/cpu_operations.h"
#include "kernels/cuda_operations.h"
#include "kernels/dispatch.h"

namespace lanet {

size_t adaptive_wing_workspace_bytes(const Shape& target) {
  return adaptive_wing_cuda_workspace_bytes(target);
}

void adaptive_wing(Context& context, const AdaptiveWingArgs& args) {
  const Tensor &prediction = args.prediction, &target = args.target;
  require_rank(prediction, 4, "prediction");
  LANET_REQUIRE(target && target.shape.rank() == 4 && target.elements() > 0 &&
                    target.shape[3] <= prediction.shape[3],
                "target is {}, prediction {}", target.shape, prediction.shape);
  const DType sums = accumulate_dtype(prediction.dtype);
  require_tensor(target,
                 {prediction.shape[0], prediction.shape[1], prediction.shape[2], target.shape[3]},
                 sums, "target");
  require_tensor(args.weight, target.shape, sums, "weight");
  require_tensor(args.loss, {1}, sums, "loss");
  if (args.dprediction)
    require_tensor(args.dprediction.tensor, prediction.shape, prediction.dtype, "dprediction");
  run_operation(
      context, "adaptive_wing",
      {.launches = 2,
       .bytes = bytes_of({prediction, target, args.weight}) + bytes_of({args.dprediction}),
       .flops = 20 * static_cast<double>(target.elements())},
      [&] { adaptive_wing_cuda(context, args); },
      [&] {
        if (prediction.dtype == DType::f64 || target.shape != prediction.shape)
          dispatch_float(prediction.dtype, [&]<typename T>() { adaptive_wing_ref<T>(args); });
        else
          adaptive_wing_cpu(args);
      });
}

}  // namespace lanet
