#include "kernels/early_learning.h"

#include "kernels/checks.h"
#include "kernels/cuda_operations.h"
#include "kernels/dispatch.h"
#include "kernels/early_learning_ref.h"

namespace lanet {

void early_learning(Context& context, const EarlyLearningArgs& args) {
  const Tensor& logits = args.logits;
  LANET_REQUIRE(logits && logits.shape.rank() == 2 && logits.elements() > 0, "logits is {}",
                logits.shape);
  const int64_t batch = logits.shape[0], classes = logits.shape[1];
  const DType dtype = accumulate_dtype(logits.dtype);
  require_tensor(args.sample_indices, {batch}, DType::i32, "sample_indices");
  LANET_REQUIRE(args.targets && args.targets.shape.rank() == 2, "targets is {}",
                args.targets.shape);
  require_tensor(args.targets, {args.targets.shape[0], classes}, dtype, "targets");
  require_tensor(args.target, logits.shape, dtype, "target");
  require_tensor(args.loss, {1}, dtype, "loss");
  require_gradient(args.dlogits, logits.shape, logits.dtype, "dlogits");
  require_given("early_learning", {{"momentum", args.momentum}});
  LANET_REQUIRE(args.momentum >= 0 && args.momentum < 1, "momentum is {}; expected 0 to below 1",
                args.momentum);
  const double elements = static_cast<double>(logits.elements());
  run_operation(
      context, "early_learning",
      {.bytes = bytes_of({logits, args.sample_indices, args.target}) + bytes_of({args.dlogits}) +
                elements * static_cast<double>(size_of(dtype)),  // the batch's rows of targets
       .flops = 20 * elements},
      [&] { early_learning_cuda(context, args); },
      [&] {
        require_indices(args.sample_indices, args.targets.shape[0], "sample_indices");
        dispatch_float(logits.dtype, [&]<typename T>() { early_learning_ref<T>(args); });
      });
}

}  // namespace lanet
