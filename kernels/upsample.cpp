#include "kernels/upsample.h"

#include "kernels/checks.h"
#include "kernels/cuda_operations.h"
#include "kernels/dispatch.h"
#include "kernels/upsample_ref.h"

namespace lanet {

namespace {

Shape doubled(const Shape& x) {
  return {x[0], 2 * x[1], 2 * x[2], x[3]};
}

}  // namespace

void upsample_2x(Context& context, const Upsample2xArgs& args) {
  require_rank(args.x, 4, "x");
  require_tensor(args.y, doubled(args.x.shape), args.x.dtype, "y");
  if (args.addend) require_tensor(args.addend, args.y.shape, args.x.dtype, "addend");
  run_operation(
      context, "upsample_2x",
      {.bytes = bytes_of({args.x, args.addend, args.y}),
       .flops = 8 * static_cast<double>(args.y.elements())},
      [&] { upsample_2x_cuda(context, args); },
      [&] { dispatch_float(args.x.dtype, [&]<typename T>() { upsample_2x_ref<T>(args); }); });
}

void upsample_2x_backward(Context& context, const Upsample2xBackwardArgs& args) {
  const Tensor& dx = args.dx.tensor;
  require_rank(dx, 4, "dx");
  require_tensor(args.dy, doubled(dx.shape), dx.dtype, "dy");
  run_operation(
      context, "upsample_2x_backward",
      {.bytes = bytes_of({args.dy}) + bytes_of({args.dx}),
       .flops = 8 * static_cast<double>(args.dy.elements())},
      [&] { upsample_2x_backward_cuda(context, args); },
      [&] { dispatch_float(dx.dtype, [&]<typename T>() { upsample_2x_backward_ref<T>(args); }); });
}

}  // namespace lanet
