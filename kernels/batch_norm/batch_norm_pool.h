// Batch normalisation, ReLU and the 3x3/2 maximum pool in one pass, for the stem, whose normalised
// picture is the largest of the network: neither it nor its gradient is ever written.
//   z = relu(weight_c · x̂ + bias_c), rounded to T;  y = the maximum pool of z
// x̂, inv_std and ε as in batch_norm.h, windows as in pool.h (docs/design.md, "Networks").
// T is the dtype of the pictures (f32, bf16, f64), A = accumulate_dtype(T). x: [B,H,W,C]; y, dy and
// argmax: [B, max_pool_size(H), max_pool_size(W), C]; vectors: [C] in A. A training forward pass is
// batch_norm_statistics, then this; a backward pass is reduce, then apply. No atomics;
// deterministic, and the same for any number of threads.
#pragma once

#include "core/context.h"

namespace lanet {

/// The argmax of a window whose maximum the ReLU cut off: no gradient passes it.
constexpr uint8_t kMaxPoolCutOff = 255;

/// Workspace that backward_reduce needs for an x of this shape, on any device of this build.
size_t batch_norm_max_pool_workspace_bytes(const Shape& x);

/// y and argmax are those of batch_norm_apply and max_pool, bit for bit: of equal z the first wins,
/// and NaN only as the first of its window. A y of 0 is +0. argmax: u8, the window position 3u + v,
/// or kMaxPoolCutOff where y is not positive (y = 0 counts as cut off, and so does NaN); absent if
/// no gradient follows.
struct BatchNormMaxPoolArgs {
  Tensor x;
  Tensor mean;
  Tensor inv_std;
  Tensor weight;
  Tensor bias;
  Tensor y;
  Tensor argmax = {};
};
void batch_norm_max_pool(Context& context, const BatchNormMaxPoolArgs& args);

/// With g[b,h,w,c] = Σ of dy over the windows whose maximum lies at (h, w), in A:
///   sum_dy_c = Σ g, sum_dy_xhat_c = Σ g·x̂ over all b, h, w (written);
///   dbias = sum_dy, dweight = sum_dy_xhat (set or added to; null if not wanted).
struct BatchNormMaxPoolBackwardReduceArgs {
  Tensor x;
  Tensor mean;
  Tensor inv_std;
  Tensor dy;
  Tensor argmax;
  Tensor sum_dy;
  Tensor sum_dy_xhat;
  Gradient dweight = {};
  Gradient dbias = {};
};
void batch_norm_max_pool_backward_reduce(Context& context,
                                         const BatchNormMaxPoolBackwardReduceArgs& args);

///   dx = weight_c · inv_std_c · (g − sum_dy_c/R − x̂ · sum_dy_xhat_c/R), R = B·H·W; set or added
///   to.
struct BatchNormMaxPoolBackwardApplyArgs {
  Tensor x;
  Tensor mean;
  Tensor inv_std;
  Tensor weight;
  Tensor dy;
  Tensor argmax;
  Tensor sum_dy;
  Tensor sum_dy_xhat;
  Gradient dx;
};
void batch_norm_max_pool_backward_apply(Context& context,
                                        const BatchNormMaxPoolBackwardApplyArgs& args);

}  // namespace lanet
