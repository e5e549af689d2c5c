#include "kernels/batch_norm/batch_norm_pool.h"

#include <algorithm>

#include "kernels/batch_norm/batch_norm_pool_ref.h"
#include "kernels/checks.h"
#include "kernels/cpu_operations.h"
#include "kernels/cuda_operations.h"
#include "kernels/dispatch.h"

namespace lanet {

namespace {

void require_image(const Tensor& x) {
  require_rank(x, 4, "x");
  LANET_REQUIRE(x.dtype == DType::f32 || x.dtype == DType::bf16 || x.dtype == DType::f64,
                "x is {}; expected f32, bf16 or f64", x.dtype);
}

/// Requires a vector over the channels of x, in its accumulate_dtype.
void require_per_channel(const Tensor& tensor, const Tensor& x, const char* name) {
  require_tensor(tensor, {x.shape[3]}, accumulate_dtype(x.dtype), name);
}

Shape pooled(const Shape& x) {
  return {x[0], max_pool_size(x[1]), max_pool_size(x[2]), x[3]};
}

/// Requires what both backward passes are given.
template <typename Args>
void require_backward(const Args& args) {
  require_image(args.x);
  require_per_channel(args.mean, args.x, "mean");
  require_per_channel(args.inv_std, args.x, "inv_std");
  require_tensor(args.dy, pooled(args.x.shape), args.x.dtype, "dy");
  require_tensor(args.argmax, args.dy.shape, DType::u8, "argmax");
  require_per_channel(args.sum_dy, args.x, "sum_dy");
  require_per_channel(args.sum_dy_xhat, args.x, "sum_dy_xhat");
}

}  // namespace

size_t batch_norm_max_pool_workspace_bytes(const Shape& x) {
  return std::max(batch_norm_max_pool_cpu_workspace_bytes(x),
                  batch_norm_max_pool_cuda_workspace_bytes(x));
}

void batch_norm_max_pool(Context& context, const BatchNormMaxPoolArgs& args) {
  require_image(args.x);
  require_per_channel(args.mean, args.x, "mean");
  require_per_channel(args.inv_std, args.x, "inv_std");
  require_per_channel(args.weight, args.x, "weight");
  require_per_channel(args.bias, args.x, "bias");
  require_tensor(args.y, pooled(args.x.shape), args.x.dtype, "y");
  if (args.argmax) require_tensor(args.argmax, args.y.shape, DType::u8, "argmax");
  run_operation(
      context, "batch_norm_max_pool",
      {.bytes = bytes_of({args.x, args.y, args.argmax}),
       .flops =
           3 * static_cast<double>(args.x.elements()) + 9 * static_cast<double>(args.y.elements())},
      [&] { batch_norm_max_pool_cuda(context, args); },
      [&] {
        dispatch_fast(
            args.x.dtype, [&] { batch_norm_max_pool_ref<double>(args); },
            [&] { batch_norm_max_pool_cpu(args); });
      });
}

void batch_norm_max_pool_backward_reduce(Context& context,
                                         const BatchNormMaxPoolBackwardReduceArgs& args) {
  require_backward(args);
  const Shape channels{args.x.shape[3]};
  require_gradient(args.dweight, channels, accumulate_dtype(args.x.dtype), "dweight");
  require_gradient(args.dbias, channels, accumulate_dtype(args.x.dtype), "dbias");
  run_operation(
      context, "batch_norm_max_pool_backward_reduce",
      {.launches = 2,
       .bytes = bytes_of({args.x, args.dy, args.argmax}),
       .flops = 4 * static_cast<double>(args.x.elements()) +
                9 * static_cast<double>(args.dy.elements())},
      [&] { batch_norm_max_pool_backward_reduce_cuda(context, args); },
      [&] {
        dispatch_fast(
            args.x.dtype, [&] { batch_norm_max_pool_backward_reduce_ref<double>(args); },
            [&] { batch_norm_max_pool_backward_reduce_cpu(context, args); });
      });
}

void batch_norm_max_pool_backward_apply(Context& context,
                                        const BatchNormMaxPoolBackwardApplyArgs& args) {
  require_backward(args);
  require_per_channel(args.weight, args.x, "weight");
  require_tensor(args.dx.tensor, args.x.shape, args.x.dtype, "dx");
  run_operation(
      context, "batch_norm_max_pool_backward_apply",
      {.bytes = bytes_of({args.x, args.dy, args.argmax}) + bytes_of({args.dx}),
       .flops = 6 * static_cast<double>(args.x.elements()) +
                9 * static_cast<double>(args.dy.elements())},
      [&] { batch_norm_max_pool_backward_apply_cuda(context, args); },
      [&] {
        dispatch_fast(
            args.x.dtype, [&] { batch_norm_max_pool_backward_apply_ref<double>(args); },
            [&] { batch_norm_max_pool_backward_apply_cpu(args); });
      });
}

}  // namespace lanet
