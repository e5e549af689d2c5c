// Cross entropy of softmax(logits) with hard labels: the expression loss, value and gradient in one
// pass.
//   p_b = softmax(logits_b),  loss = −1/B·Σ_b log p_b[label_b]    (design: LA-Net part 3)
//   dlogits_bc = scale/B·(p_bc − [c = label_b])
#pragma once

#include "core/context.h"

namespace lanet {

/// logits: [B, C], f32, bf16 or f64; labels: i32 [B], each in [0, C): checked on the CPU, while on
/// CUDA another label makes the loss NaN.
/// loss: [1] in accumulate_dtype, the unweighted mean: `scale` is the weight of this loss in the
/// total and multiplies the gradient alone. dlogits: [B, C] in the dtype of logits; absent: value
/// only. The largest logit is taken off first, so no logit overflows. Deterministic.
struct SoftmaxCrossEntropyArgs {
  Tensor logits;
  Tensor labels;
  Tensor loss;
  Gradient dlogits = {};
  double scale = 1;
};
void softmax_cross_entropy(Context& context, const SoftmaxCrossEntropyArgs& args);

#ifdef LANET_HAVE_CUDA
void softmax_cross_entropy_cuda(Context& context, const SoftmaxCrossEntropyArgs& args);
#endif

}  // namespace lanet
