#include "kernels/count_correct.h"

#include "core/operation.h"
#include "kernels/count_correct_ref.h"
#include "kernels/dispatch.h"

namespace lanet {

void count_correct(Context& context, const CountCorrectArgs& args) {
  LANET_REQUIRE(args.logits && args.logits.shape.rank() == 2 && args.logits.shape[1] > 0,
                "logits is {}", args.logits.shape);
  require_tensor(args.labels, {args.logits.shape[0]}, DType::i32, "labels");
  require_tensor(args.correct, {1}, DType::i32, "correct");
  const Operation operation(context, "count_correct",
                            {.bytes = bytes_of({args.logits, args.labels}),
                             .flops = static_cast<double>(args.logits.elements())});
  if (!operation.runs()) return;
  LANET_RUN_CUDA(context, count_correct_cuda(context, args));
  dispatch_float(args.logits.dtype, [&]<typename T>() { count_correct_ref<T>(args); });
}

}  // namespace lanet
