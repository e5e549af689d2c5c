#include "kernels/kl_divergence.h"

#include "kernels/checks.h"
#include "kernels/cuda_operations.h"
#include "kernels/dispatch.h"
#include "kernels/kl_divergence_ref.h"

namespace lanet {

void kl_divergence(Context& context, const KlDivergenceArgs& args) {
  const Tensor& logits = args.logits;
  require_rank(logits, 2, "logits");
  require_tensor(args.target, logits.shape, logits.dtype, "target");
  require_tensor(args.loss, {1}, accumulate_dtype(logits.dtype), "loss");
  if (args.dtarget) require_tensor(args.dtarget.tensor, logits.shape, logits.dtype, "dtarget");
  if (args.dlogits) require_tensor(args.dlogits.tensor, logits.shape, logits.dtype, "dlogits");
  run_operation(
      context, "kl_divergence",
      {.bytes = bytes_of({args.target, logits}) + bytes_of({args.dtarget, args.dlogits}),
       .flops = 10 * static_cast<double>(logits.elements())},
      [&] { kl_divergence_cuda(context, args); },
      [&] { dispatch_float(logits.dtype, [&]<typename T>() { kl_divergence_ref<T>(args); }); });
}

}  // namespace lanet
