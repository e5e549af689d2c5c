#include "kernels/pool.h"

#include "core/operation.h"
#include "kernels/dispatch.h"
#include "kernels/pool_ref.h"

namespace lanet {

namespace {

void require_image(const Tensor& image, const char* name) {
  LANET_REQUIRE(image && image.shape.rank() == 4 && image.elements() > 0, "{} is {}", name,
                image.shape);
}

Shape max_pooled(const Shape& x) {
  return {x[0], max_pool_size(x[1]), max_pool_size(x[2]), x[3]};
}

}  // namespace

void max_pool(Context& context, const MaxPoolArgs& args) {
  require_image(args.x, "x");
  require_tensor(args.y, max_pooled(args.x.shape), args.x.dtype, "y");
  if (args.argmax) require_tensor(args.argmax, args.y.shape, DType::u8, "argmax");
  const Operation operation(context, "max_pool",
                            {.bytes = bytes_of({args.x, args.y, args.argmax}),
                             .flops = 9 * static_cast<double>(args.y.elements())});
  if (!operation.runs()) return;
  LANET_RUN_CUDA(context, max_pool_cuda(context, args));
  if (args.x.dtype == DType::f64)
    max_pool_ref<double>(args);
  else
    max_pool_cpu(args);
}

void max_pool_backward(Context& context, const MaxPoolBackwardArgs& args) {
  require_image(args.dx.tensor, "dx");
  const Tensor& dx = args.dx.tensor;
  require_tensor(args.dy, max_pooled(dx.shape), dx.dtype, "dy");
  require_tensor(args.argmax, args.dy.shape, DType::u8, "argmax");
  const Operation operation(context, "max_pool_backward",
                            {.bytes = bytes_of({args.dy, args.argmax}) + bytes_of({args.dx}),
                             .flops = 9 * static_cast<double>(args.dy.elements())});
  if (!operation.runs()) return;
  LANET_RUN_CUDA(context, max_pool_backward_cuda(context, args));
  if (dx.dtype == DType::f64)
    max_pool_backward_ref<double>(args);
  else
    max_pool_backward_cpu(args);
}

void global_average_pool(Context& context, const GlobalAveragePoolArgs& args) {
  require_image(args.x, "x");
  require_tensor(args.y, {args.x.shape[0], args.x.shape[3]}, accumulate_dtype(args.x.dtype), "y");
  const Operation operation(
      context, "global_average_pool",
      {.bytes = bytes_of({args.x, args.y}), .flops = static_cast<double>(args.x.elements())});
  if (!operation.runs()) return;
  LANET_RUN_CUDA(context, global_average_pool_cuda(context, args));
  dispatch_float(args.x.dtype, [&]<typename T>() { global_average_pool_ref<T>(args); });
}

void global_average_pool_backward(Context& context, const GlobalAveragePoolBackwardArgs& args) {
  require_image(args.dx.tensor, "dx");
  const Tensor& dx = args.dx.tensor;
  require_tensor(args.dy, {dx.shape[0], dx.shape[3]}, accumulate_dtype(dx.dtype), "dy");
  const Operation operation(context, "global_average_pool_backward",
                            {.bytes = bytes_of({args.dy}) + bytes_of({args.dx}),
                             .flops = static_cast<double>(dx.elements())});
  if (!operation.runs()) return;
  LANET_RUN_CUDA(context, global_average_pool_backward_cuda(context, args));
  dispatch_float(dx.dtype, [&]<typename T>() { global_average_pool_backward_ref<T>(args); });
}

}  // namespace lanet
