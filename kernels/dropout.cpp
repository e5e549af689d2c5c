#include "kernels/dropout.h"

#include "kernels/cpu_operations.h"
#include "kernels/cuda_operations.h"
#include "kernels/dispatch.h"

namespace lanet {

namespace {

void run_dropout(Context& context, const char* name, const Tensor& from, const char* from_name,
                 const Gradient& to, const char* to_name, const DropoutMask& mask) {
  LANET_REQUIRE(from && from.elements() > 0, "{} is {}", from_name, from.shape);
  require_tensor(to.tensor, from.shape, from.dtype, to_name);
  require_tensor(mask.step, {1}, DType::i32, "step");
  LANET_REQUIRE(mask.rate >= 0 && mask.rate < 1, "rate is {}; expected 0 to below 1", mask.rate);
  constexpr int64_t kMostElements = int64_t{1} << 34;
  LANET_REQUIRE(mask.first_element >= 0 && mask.first_element <= kMostElements - from.elements(),
                "{} elements from element {} on, out of {}", from.elements(), mask.first_element,
                kMostElements);
  run_operation(
      context, name,
      {.bytes = bytes_of({from}) + bytes_of({to}), .flops = static_cast<double>(from.elements())},
      [&] { dropout_cuda(context, from, to, mask); }, [&] { dropout_cpu(from, to, mask); });
}

}  // namespace

void dropout(Context& context, const DropoutArgs& args) {
  run_dropout(context, "dropout", args.x, "x", {args.y}, "y", args.mask);
}

void dropout_backward(Context& context, const DropoutBackwardArgs& args) {
  run_dropout(context, "dropout_backward", args.dy, "dy", args.dx, "dx", args.mask);
}

}  // namespace lanet
