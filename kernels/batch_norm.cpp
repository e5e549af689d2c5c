#include "kernels/batch_norm.h"

#include <algorithm>
#include "core/operation.h"

#include "kernels/batch_norm_ref.h"
#include "kernels/dispatch.h"

namespace lanet {

namespace {

/// Requires a vector over the channels of x, in its accumulate_dtype.
void require_per_channel(const Tensor& tensor, const Tensor& x, const char* name) {
  require_tensor(tensor, {x.shape.back()}, accumulate_dtype(x.dtype), name);
}

void require_image(const Tensor& x) {
  LANET_REQUIRE(x && x.shape.rank() >= 2 && x.elements() > 0, "x is {}", x.shape);
  LANET_REQUIRE(x.dtype == DType::f32 || x.dtype == DType::bf16 || x.dtype == DType::f64,
                "x is {}; expected f32, bf16 or f64", x.dtype);
}

}  // namespace

size_t batch_norm_workspace_bytes(const Shape& x) {
  size_t bytes = batch_norm_cpu_workspace_bytes(x);
#ifdef LANET_HAVE_CUDA
  bytes = std::max(bytes, batch_norm_cuda_workspace_bytes(x));
#endif
  return bytes;
}

void batch_norm_statistics(Context& context, const BatchNormStatisticsArgs& args) {
  require_image(args.x);
  require_per_channel(args.mean, args.x, "mean");
  require_per_channel(args.inv_std, args.x, "inv_std");
  LANET_REQUIRE(bool(args.running_mean) == bool(args.running_var),
                "one of running_mean and running_var is absent");
  if (args.running_mean) {
    require_per_channel(args.running_mean, args.x, "running_mean");
    require_per_channel(args.running_var, args.x, "running_var");
  }
  const Operation operation(context, "batch_norm_statistics",
                            {.launches = 2,
                             .bytes = bytes_of({args.x}),
                             .flops = 5 * static_cast<double>(args.x.elements())});
  if (!operation.runs()) return;
  LANET_RUN_CUDA(context, batch_norm_statistics_cuda(context, args));
  if (args.x.dtype == DType::f64)
    batch_norm_statistics_ref<double>(args);
  else
    batch_norm_statistics_cpu(context, args);
}

void batch_norm_apply(Context& context, const BatchNormApplyArgs& args) {
  require_image(args.x);
  require_per_channel(args.mean, args.x, "mean");
  require_per_channel(args.inv_std, args.x, "inv_std");
  require_per_channel(args.weight, args.x, "weight");
  require_per_channel(args.bias, args.x, "bias");
  if (args.residual) require_tensor(args.residual, args.x.shape, args.x.dtype, "residual");
  require_tensor(args.y, args.x.shape, args.x.dtype, "y");
  LANET_REQUIRE(args.y.data != args.x.data && args.y.data != args.residual.data,
                "y is written over what is read");
  const Operation operation(
      context, "batch_norm_apply",
      {.bytes = bytes_of({args.x, args.residual, args.y}),
       .flops = (args.residual ? 4 : 3) * static_cast<double>(args.x.elements())});
  if (!operation.runs()) return;
  LANET_RUN_CUDA(context, batch_norm_apply_cuda(context, args));
  if (args.x.dtype == DType::f64)
    batch_norm_apply_ref<double>(args);
  else
    batch_norm_apply_cpu(args);
}

void batch_norm_inference(Context& context, const BatchNormInferenceArgs& args) {
  require_image(args.x);
  require_per_channel(args.running_mean, args.x, "running_mean");
  require_per_channel(args.running_var, args.x, "running_var");
  require_per_channel(args.weight, args.x, "weight");
  require_per_channel(args.bias, args.x, "bias");
  if (args.residual) require_tensor(args.residual, args.x.shape, args.x.dtype, "residual");
  require_tensor(args.y, args.x.shape, args.x.dtype, "y");
  LANET_REQUIRE(args.y.data != args.x.data && args.y.data != args.residual.data,
                "y is written over what is read");
  const Operation operation(
      context, "batch_norm_inference",
      {.bytes = bytes_of({args.x, args.residual, args.y}),
       .flops = (args.residual ? 4 : 3) * static_cast<double>(args.x.elements())});
  if (!operation.runs()) return;
  LANET_RUN_CUDA(context, batch_norm_inference_cuda(context, args));
  if (args.x.dtype == DType::f64)
    batch_norm_inference_ref<double>(args);
  else
    batch_norm_inference_cpu(args);
}

void batch_norm_backward_reduce(Context& context, const BatchNormBackwardReduceArgs& args) {
  require_image(args.x);
  require_per_channel(args.mean, args.x, "mean");
  require_per_channel(args.inv_std, args.x, "inv_std");
  require_tensor(args.dy, args.x.shape, args.x.dtype, "dy");
  if (args.relu) require_tensor(args.y, args.x.shape, args.x.dtype, "y");
  require_per_channel(args.sum_dy, args.x, "sum_dy");
  require_per_channel(args.sum_dy_xhat, args.x, "sum_dy_xhat");
  if (args.dweight) require_per_channel(args.dweight.tensor, args.x, "dweight");
  if (args.dbias) require_per_channel(args.dbias.tensor, args.x, "dbias");
  const Operation operation(
      context, "batch_norm_backward_reduce",
      {.launches = 2,
       .bytes = bytes_of({args.x, args.dy}) + (args.relu ? bytes_of({args.y}) : 0),
       .flops = 4 * static_cast<double>(args.x.elements())});
  if (!operation.runs()) return;
  LANET_RUN_CUDA(context, batch_norm_backward_reduce_cuda(context, args));
  if (args.x.dtype == DType::f64)
    batch_norm_backward_reduce_ref<double>(args);
  else
    batch_norm_backward_reduce_cpu(context, args);
}

void batch_norm_backward_apply(Context& context, const BatchNormBackwardApplyArgs& args) {
  require_image(args.x);
  require_per_channel(args.mean, args.x, "mean");
  require_per_channel(args.inv_std, args.x, "inv_std");
  require_per_channel(args.weight, args.x, "weight");
  require_tensor(args.dy, args.x.shape, args.x.dtype, "dy");
  if (args.relu) require_tensor(args.y, args.x.shape, args.x.dtype, "y");
  require_per_channel(args.sum_dy, args.x, "sum_dy");
  require_per_channel(args.sum_dy_xhat, args.x, "sum_dy_xhat");
  if (args.dx) require_tensor(args.dx.tensor, args.x.shape, args.x.dtype, "dx");
  if (args.dresidual)
    require_tensor(args.dresidual.tensor, args.x.shape, args.x.dtype, "dresidual");
  const Operation operation(
      context, "batch_norm_backward_apply",
      {.bytes = bytes_of({args.x, args.dy}) + (args.relu ? bytes_of({args.y}) : 0) +
                bytes_of({args.dx, args.dresidual}),
       .flops = 6 * static_cast<double>(args.x.elements())});
  if (!operation.runs()) return;
  LANET_RUN_CUDA(context, batch_norm_backward_apply_cuda(context, args));
  if (args.x.dtype == DType::f64)
    batch_norm_backward_apply_ref<double>(args);
  else
    batch_norm_backward_apply_cpu(args);
}

}  // namespace lanet
