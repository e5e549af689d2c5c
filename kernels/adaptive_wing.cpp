#include "kernels/adaptive_wing.h"

#include "core/operation.h"
#include "kernels/adaptive_wing_ref.h"
#include "kernels/dispatch.h"

namespace lanet {

size_t adaptive_wing_workspace_bytes([[maybe_unused]] const Shape& prediction) {
#ifdef LANET_HAVE_CUDA
  return adaptive_wing_cuda_workspace_bytes(prediction);
#else
  return 0;
#endif
}

void adaptive_wing(Context& context, const AdaptiveWingArgs& args) {
  const Tensor& prediction = args.prediction;
  LANET_REQUIRE(prediction && prediction.shape.rank() == 4 && prediction.elements() > 0,
                "prediction is {}", prediction.shape);
  const DType sums = accumulate_dtype(prediction.dtype);
  require_tensor(args.target, prediction.shape, sums, "target");
  require_tensor(args.weight, prediction.shape, sums, "weight");
  require_tensor(args.loss, {1}, sums, "loss");
  if (args.dprediction)
    require_tensor(args.dprediction.tensor, prediction.shape, prediction.dtype, "dprediction");
  const Operation operation(
      context, "adaptive_wing",
      {.launches = 2,
       .bytes = bytes_of({prediction, args.target, args.weight}) + bytes_of({args.dprediction}),
       .flops = 20 * static_cast<double>(prediction.elements())});
  if (!operation.runs()) return;
  LANET_RUN_CUDA(context, adaptive_wing_cuda(context, args));
  if (prediction.dtype == DType::f64)
    adaptive_wing_ref<double>(args);
  else
    adaptive_wing_cpu(args);
}

}  // namespace lanet
