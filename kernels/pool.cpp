#include "kernels/pool.h"

#include "kernels/checks.h"
#include "kernels/cpu_operations.h"
#include "kernels/cuda_operations.h"
#include "kernels/dispatch.h"
#include "kernels/pool_ref.h"

namespace lanet {

namespace {

/// An image of `count` that are pooled together, the first of which is `first`.
void require_pooled(size_t count, const Tensor& image, const char* name, const Tensor& first) {
  LANET_REQUIRE(count <= kMostPooledImages, "{} images", count);
  require_rank(image, 4, name);
  LANET_REQUIRE(image.dtype == first.dtype && image.shape[0] == first.shape[0],
                "{} is {} {} beside {} {}", name, image.dtype, image.shape, first.dtype,
                first.shape);
}

Shape max_pooled(const Shape& x) {
  return {x[0], max_pool_size(x[1]), max_pool_size(x[2]), x[3]};
}

}  // namespace

void max_pool(Context& context, const MaxPoolArgs& args) {
  require_rank(args.x, 4, "x");
  require_tensor(args.y, max_pooled(args.x.shape), args.x.dtype, "y");
  if (args.argmax) require_tensor(args.argmax, args.y.shape, DType::u8, "argmax");
  run_operation(
      context, "max_pool",
      {.bytes = bytes_of({args.x, args.y, args.argmax}),
       .flops = 9 * static_cast<double>(args.y.elements())},
      [&] { max_pool_cuda(context, args); },
      [&] {
        dispatch_fast(
            args.x.dtype, [&] { max_pool_ref<double>(args); }, [&] { max_pool_cpu(args); });
      });
}

void max_pool_backward(Context& context, const MaxPoolBackwardArgs& args) {
  require_rank(args.dx.tensor, 4, "dx");
  const Tensor& dx = args.dx.tensor;
  require_tensor(args.dy, max_pooled(dx.shape), dx.dtype, "dy");
  require_tensor(args.argmax, args.dy.shape, DType::u8, "argmax");
  run_operation(
      context, "max_pool_backward",
      {.bytes = bytes_of({args.dy, args.argmax}) + bytes_of({args.dx}),
       .flops = 9 * static_cast<double>(args.dy.elements())},
      [&] { max_pool_backward_cuda(context, args); },
      [&] {
        dispatch_fast(
            dx.dtype, [&] { max_pool_backward_ref<double>(args); },
            [&] { max_pool_backward_cpu(args); });
      });
}

void global_average_pool(Context& context, std::span<const GlobalAveragePoolArgs> images) {
  Cost cost;
  for (const auto& [x, y] : images) {
    require_pooled(images.size(), x, "x", images[0].x);
    require_tensor(y, {x.shape[0], x.shape[3]}, accumulate_dtype(x.dtype), "y");
    cost.bytes += bytes_of({x, y});
    cost.flops += static_cast<double>(x.elements());
  }
  run_operation(
      context, "global_average_pool", cost, [&] { global_average_pool_cuda(context, images); },
      [&] {
        for (const auto& image : images)
          dispatch_float(image.x.dtype, [&]<typename T>() { global_average_pool_ref<T>(image); });
      });
}

void global_average_pool_backward(Context& context,
                                  std::span<const GlobalAveragePoolBackwardArgs> images) {
  Cost cost;
  for (const auto& [dy, dx] : images) {
    const Tensor& image = dx.tensor;
    require_pooled(images.size(), image, "dx", images[0].dx.tensor);
    require_tensor(dy, {image.shape[0], image.shape[3]}, accumulate_dtype(image.dtype), "dy");
    cost.bytes += bytes_of({dy}) + bytes_of({dx});
    cost.flops += static_cast<double>(image.elements());
  }
  run_operation(
      context, "global_average_pool_backward", cost,
      [&] { global_average_pool_backward_cuda(context, images); },
      [&] {
        for (const auto& image : images)
          dispatch_float(image.dx.tensor.dtype,
                         [&]<typename T>() { global_average_pool_backward_ref<T>(image); });
      });
}

}  // namespace lanet
