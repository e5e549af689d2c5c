#include "kernels/linear.h"

#include "kernels/checks.h"
#include "kernels/cpu_operations.h"
#include "kernels/cuda_operations.h"
#include "kernels/dispatch.h"
#include "kernels/linear_ref.h"

namespace lanet {

namespace {

/// Checks what both directions share; `y` is the output or its gradient, called `name`.
void require_layer(const Tensor& x, const Tensor& weight, const Tensor& y, const char* name) {
  require_rank(x, 2, "x");
  require_rank(weight, 2, "weight");
  require_tensor(weight, {weight.shape[0], x.shape[1]}, x.dtype, "weight");
  require_tensor(y, {x.shape[0], weight.shape[0]}, x.dtype, name);
}

}  // namespace

void linear(Context& context, const LinearArgs& args) {
  require_layer(args.x, args.weight, args.y, "y");
  if (args.bias)
    require_tensor(args.bias, {args.y.shape[1]}, accumulate_dtype(args.x.dtype), "bias");
  run_operation(
      context, "linear",
      {.launches = args.bias || args.relu ? 2 : 1,
       .bytes = bytes_of({args.x, args.weight, args.bias, args.y}) +
                (args.bias || args.relu ? 2 * bytes_of({args.y}) : 0),
       .flops = 2 * static_cast<double>(args.y.elements() * args.x.shape[1]),
       .product = args.x.dtype},
      [&] { linear_cuda(context, args); },
      [&] {
        if (args.x.dtype == DType::bf16)
          linear_ref<bfloat16>(args);
        else
          linear_cpu(context, args);
      });
}

void linear_backward(Context& context, const LinearBackwardArgs& args) {
  require_layer(args.x, args.weight, args.dy, "dy");
  const DType sums = accumulate_dtype(args.x.dtype);
  if (args.relu) require_tensor(args.y, args.dy.shape, args.dy.dtype, "y");
  if (args.dx) require_tensor(args.dx.tensor, args.x.shape, args.x.dtype, "dx");
  if (args.dweight) require_tensor(args.dweight.tensor, args.weight.shape, sums, "dweight");
  if (args.dbias) require_tensor(args.dbias.tensor, {args.dy.shape[1]}, sums, "dbias");
  const int products = (args.dx ? 1 : 0) + (args.dweight ? 1 : 0);
  run_operation(
      context, "linear_backward",
      {.launches = (args.relu ? 1 : 0) + (args.dbias ? 1 : 0) + products,
       .bytes = (args.relu ? bytes_of({args.y, args.dy, args.dy}) : 0) +
                (products + (args.dbias ? 1 : 0)) * bytes_of({args.dy}) +
                (args.dx ? bytes_of({args.weight}) : 0) + (args.dweight ? bytes_of({args.x}) : 0) +
                bytes_of({args.dx, args.dweight, args.dbias}),
       .flops = 2.0 * products * static_cast<double>(args.dy.elements() * args.x.shape[1]),
       .product = args.x.dtype},
      [&] { linear_backward_cuda(context, args); },
      [&] {
        if (args.x.dtype == DType::bf16)
          linear_backward_ref<bfloat16>(args);
        else
          linear_backward_cpu(context, args);
      });
}

size_t linear_backward_workspace_bytes(const Shape& dy, DType dtype, bool relu) {
  return relu ? static_cast<size_t>(dy.elements()) * size_of(dtype) : 0;
}

}  // namespace lanet
