#include "kernels/softmax_cross_entropy.h"

#include "kernels/checks.h"
#include "kernels/cuda_operations.h"
#include "kernels/dispatch.h"
#include "kernels/softmax_cross_entropy_ref.h"

namespace lanet {

void softmax_cross_entropy(Context& context, const SoftmaxCrossEntropyArgs& args) {
  const Tensor& logits = args.logits;
  require_rank(logits, 2, "logits");
  require_tensor(args.labels, {logits.shape[0]}, DType::i32, "labels");
  require_tensor(args.loss, {1}, accumulate_dtype(logits.dtype), "loss");
  if (args.dlogits) require_tensor(args.dlogits.tensor, logits.shape, logits.dtype, "dlogits");
  LANET_REQUIRE(args.smoothing >= 0 && args.smoothing < 1, "smoothing is {}; expected 0 to below 1",
                args.smoothing);
  run_operation(
      context, "softmax_cross_entropy",
      {.bytes = bytes_of({logits, args.labels}) + bytes_of({args.dlogits}),
       .flops = (args.smoothing > 0 ? 10 : 8) * static_cast<double>(logits.elements())},
      [&] { softmax_cross_entropy_cuda(context, args); },
      [&] {
        require_indices(args.labels, logits.shape[1], "labels");
        dispatch_float(logits.dtype, [&]<typename T>() { softmax_cross_entropy_ref<T>(args); });
      });
}

}  // namespace lanet
