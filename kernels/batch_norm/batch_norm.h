// Batch normalisation over channels, fused with an optional residual or a second normalised image,
// and an optional ReLU.
//   x̂ = (x − mean_c) · inv_std_c;  y = relu(weight_c · x̂ + bias_c + residual)
// mean_c and var_c are over all rows; inv_std_c = 1/√(var_c + ε), var_c biased; ε 1e-5,
// running = 0.9·old + 0.1·batch, running variance unbiased (docs/design.md, "Networks")
// Any leading dimensions: x is seen as [R, C], R the product of all but the last. T is the dtype of
// x (f32, bf16, f64), A = accumulate_dtype(T).
// A training forward pass is statistics, then apply; a backward pass is reduce, then apply. Between
// the two, ranks may exchange what was summed.
// All are deterministic, and the same for any number of threads.
// Each takes a group as well: up to kMaxBatchNorms images of one shape and dtype, which on CUDA
// cost the launches of one. The backward passes are in batch_norm_backward*; what the stem
// has, followed by a maximum pool, is in batch_norm_pool.h.
#pragma once

#include <span>

#include "core/context.h"

namespace lanet {

constexpr double kBatchNormEpsilon = 1e-5;
constexpr double kBatchNormMomentum = 0.1;  // weight of the batch in the running statistics

constexpr int kMaxBatchNorms = 8;  // of a group

/// Workspace that statistics and backward_reduce need for a group of `count` images of this shape,
/// on any device of this build: the planner hands it to context.reserve_workspace().
size_t batch_norm_workspace_bytes(const Shape& x, int count = 1);

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
void batch_norm_statistics(Context& context, std::span<const BatchNormStatisticsArgs> group);
inline void batch_norm_statistics(Context& context, const BatchNormStatisticsArgs& args) {
  batch_norm_statistics(context, std::span(&args, 1));
}

/// A second image that is normalised by itself and added before the ReLU, in place of a residual:
/// the norm at the end of a shortcut. Its fields are as the first one's, and read and written by
/// the passes that have them for the first; its sum_dy is the first one's too.
struct BatchNormTerm {
  Tensor x = {};
  Tensor mean = {};
  Tensor inv_std = {};
  Tensor weight = {};
  Tensor bias = {};
  Tensor sum_dy_xhat = {};
  Gradient dweight = {};
  Gradient dbias = {};
  Gradient dx = {};
};

/// residual (T, x's shape): absent if none. y may be none of x, second.x and residual.
struct BatchNormApplyArgs {
  Tensor x;
  Tensor mean;
  Tensor inv_std;
  Tensor weight;  // [C] in A, as is bias
  Tensor bias;
  Tensor residual = {};
  BatchNormTerm second = {};
  Tensor y;
  bool relu = false;
};
void batch_norm_apply(Context& context, std::span<const BatchNormApplyArgs> group);
inline void batch_norm_apply(Context& context, const BatchNormApplyArgs& args) {
  batch_norm_apply(context, std::span(&args, 1));
}

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
/// y is read only with relu. Where it is absent, and always with a second term, y is found anew
/// from x (and second.x), bit for bit, which costs less traffic: there must have been no residual.
/// weight and bias are read then only.
struct BatchNormBackwardReduceArgs {
  Tensor x;
  Tensor mean;
  Tensor inv_std;
  Tensor weight = {};
  Tensor bias = {};
  BatchNormTerm second = {};
  Tensor dy;
  Tensor y = {};
  bool relu = false;
  Tensor sum_dy;
  Tensor sum_dy_xhat;
  Gradient dweight = {};
  Gradient dbias = {};
};
void batch_norm_backward_reduce(Context& context,
                                std::span<const BatchNormBackwardReduceArgs> group);
inline void batch_norm_backward_reduce(Context& context, const BatchNormBackwardReduceArgs& args) {
  batch_norm_backward_reduce(context, std::span(&args, 1));
}

///   dx = weight_c · inv_std_c · (g − sum_dy_c/R − x̂ · sum_dy_xhat_c/R);  dresidual = g
/// dx, second.dx and dresidual (T, x's shape) are set or added to; each may be null. y and bias as
/// in reduce. R is the local number of rows: ranks that normalise together put the mean over ranks
/// into the sums.
struct BatchNormBackwardApplyArgs {
  Tensor x;
  Tensor mean;
  Tensor inv_std;
  Tensor weight;
  Tensor bias = {};
  BatchNormTerm second = {};
  Tensor dy;
  Tensor y = {};
  bool relu = false;
  Tensor sum_dy;
  Tensor sum_dy_xhat;
  Gradient dx = {};
  Gradient dresidual = {};
};
void batch_norm_backward_apply(Context& context, std::span<const BatchNormBackwardApplyArgs> group);
inline void batch_norm_backward_apply(Context& context, const BatchNormBackwardApplyArgs& args) {
  batch_norm_backward_apply(context, std::span(&args, 1));
}

/// True if this backward pass finds y anew, from x.
inline bool batch_norm_finds_y(const auto& args) {
  return args.second.x || (args.relu && !args.y);
}

}  // namespace lanet
