// Batch normalisation over channels, fused with an optional residual and an optional ReLU.
//   x̂ = (x − mean_c) · inv_std_c;  y = relu(weight_c · x̂ + bias_c + residual)
// mean_c and var_c are over all rows; inv_std_c = 1/√(var_c + ε), var_c biased. (design: LA-Net
// part 1: ε 1e-5, running = 0.9·old + 0.1·batch, running variance unbiased)
// Any leading dimensions: x is seen as [R, C], R the product of all but the last. T is the dtype of
// x (f32, bf16, f64), A = accumulate_dtype(T).
// A training forward pass is statistics, then apply; a backward pass is reduce, then apply. Between
// the two, ranks may exchange what was summed.
// All are deterministic, and the same for any number of threads.
#pragma once

#include "core/context.h"

namespace lanet {

constexpr double kBatchNormEpsilon = 1e-5;
constexpr double kBatchNormMomentum = 0.1;  // weight of the batch in the running statistics

/// Workspace that statistics and backward_reduce need for an x of this shape, on any device of this
/// build: the planner hands it to context.reserve_workspace().
size_t batch_norm_workspace_bytes(const Shape& x);

/// mean, inv_std [C] in A: written. running_mean, running_var [C] in A: updated; both absent if not
/// tracked. The running variance takes var·R/(R−1) (var itself if R is 1). Exact to
/// rounding also where the mean is large against the deviation: squares are of differences.
struct BatchNormStatisticsArgs {
  Tensor x;
  Tensor mean;
  Tensor inv_std;
  Tensor running_mean = {};
  Tensor running_var = {};
};
void batch_norm_statistics(Context& context, const BatchNormStatisticsArgs& args);

/// residual (T, x's shape): absent if none. y may be neither x nor residual.
struct BatchNormApplyArgs {
  Tensor x;
  Tensor mean;
  Tensor inv_std;
  Tensor weight;  // [C] in A, as is bias
  Tensor bias;
  Tensor residual = {};
  Tensor y;
  bool relu = false;
};
void batch_norm_apply(Context& context, const BatchNormApplyArgs& args);

/// The same with the running statistics: mean = running_mean, inv_std = 1/√(running_var + ε).
struct BatchNormInferenceArgs {
  Tensor x;
  Tensor running_mean;
  Tensor running_var;
  Tensor weight;
  Tensor bias;
  Tensor residual = {};
  Tensor y;
  bool relu = false;
};
void batch_norm_inference(Context& context, const BatchNormInferenceArgs& args);

/// With g = dy where y > 0 or without relu, else 0 (y = 0 counts as cut off):
///   sum_dy_c = Σ g, sum_dy_xhat_c = Σ g·x̂ over the rows ([C] in A, written);
///   dbias = sum_dy, dweight = sum_dy_xhat (A; set or added to; null if not wanted).
/// y is read only with relu, and may be absent without.
struct BatchNormBackwardReduceArgs {
  Tensor x;
  Tensor mean;
  Tensor inv_std;
  Tensor dy;
  Tensor y = {};
  bool relu = false;
  Tensor sum_dy;
  Tensor sum_dy_xhat;
  Gradient dweight = {};
  Gradient dbias = {};
};
void batch_norm_backward_reduce(Context& context, const BatchNormBackwardReduceArgs& args);

///   dx = weight_c · inv_std_c · (g − sum_dy_c/R − x̂ · sum_dy_xhat_c/R);  dresidual = g
/// dx and dresidual (T, x's shape) are set or added to; either may be null. R is the local number
/// of rows: ranks that normalise together put the mean over ranks into the sums.
struct BatchNormBackwardApplyArgs {
  Tensor x;
  Tensor mean;
  Tensor inv_std;
  Tensor weight;
  Tensor dy;
  Tensor y = {};
  bool relu = false;
  Tensor sum_dy;
  Tensor sum_dy_xhat;
  Gradient dx = {};
  Gradient dresidual = {};
};
void batch_norm_backward_apply(Context& context, const BatchNormBackwardApplyArgs& args);

/// The fast paths for f32 and bf16, without the checks.
void batch_norm_statistics_cpu(Context& context, const BatchNormStatisticsArgs& args);
void batch_norm_apply_cpu(const BatchNormApplyArgs& args);
void batch_norm_inference_cpu(const BatchNormInferenceArgs& args);
void batch_norm_backward_reduce_cpu(Context& context, const BatchNormBackwardReduceArgs& args);
void batch_norm_backward_apply_cpu(const BatchNormBackwardApplyArgs& args);
size_t batch_norm_cpu_workspace_bytes(const Shape& x);

#ifdef LANET_HAVE_CUDA
/// All dtypes. Statistics and backward_reduce are two launches each, the others one.
void batch_norm_statistics_cuda(Context& context, const BatchNormStatisticsArgs& args);
void batch_norm_apply_cuda(Context& context, const BatchNormApplyArgs& args);
void batch_norm_inference_cuda(Context& context, const BatchNormInferenceArgs& args);
void batch_norm_backward_reduce_cuda(Context& context, const BatchNormBackwardReduceArgs& args);
void batch_norm_backward_apply_cuda(Context& context, const BatchNormBackwardApplyArgs& args);
size_t batch_norm_cuda_workspace_bytes(const Shape& x);
#endif

}  // namespace lanet
