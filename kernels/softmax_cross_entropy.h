// Cross entropy of softmax(logits) with labels, which may be smoothed: the expression loss, value
// and gradient in one pass.
//   p_b = softmax(logits_b),  q_bc = (1 − smoothing)·[c = label_b] + smoothing/C
//   loss = −1/B·Σ_b Σ_c q_bc·log p_bc                             (docs/design.md, "Losses")
//   dlogits_bc = scale/B·(p_bc − q_bc)
#pragma once

#include "core/context.h"

namespace lanet {

/// logits: [B, C], f32, bf16 or f64; labels: i32 [B], each in [0, C): checked on the CPU, while on
/// CUDA another label makes the loss NaN.
/// loss: [1] in accumulate_dtype, the unweighted mean: `scale` is the weight of this loss in the
/// total and multiplies the gradient alone. dlogits: [B, C] in the dtype of logits; absent: value
/// only. The largest logit is taken off first, so no logit overflows. Without smoothing a class
/// other than the label may have the logit −∞; with it the loss is then infinite. Deterministic.
struct SoftmaxCrossEntropyArgs {
  Tensor logits;
  Tensor labels;
  Tensor loss;
  Gradient dlogits = {};
  double scale = 1;
  double smoothing = 0;  // in [0, 1), the share of the target that all classes get alike
};
void softmax_cross_entropy(Context& context, const SoftmaxCrossEntropyArgs& args);

}  // namespace lanet
