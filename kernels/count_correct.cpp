#include "kernels/count_correct.h"

#include "kernels/count_correct_ref.h"
#include "kernels/cuda_operations.h"
#include "kernels/dispatch.h"

namespace lanet {

void count_correct(Context& context, const CountCorrectArgs& args) {
  LANET_REQUIRE(args.logits && args.logits.shape.rank() == 2 && args.logits.shape[1] > 0,
                "logits is {}", args.logits.shape);
  require_tensor(args.labels, {args.logits.shape[0]}, DType::i32, "labels");
  require_tensor(args.correct, {1}, DType::i32, "correct");
  run_operation(
      context, "count_correct",
      {.bytes = bytes_of({args.logits, args.labels}),
       .flops = static_cast<double>(args.logits.elements())},
      [&] { count_correct_cuda(context, args); },
      [&] {
        dispatch_float(args.logits.dtype, [&]<typename T>() { count_correct_ref<T>(args); });
      });
}

}  // namespace lanet
