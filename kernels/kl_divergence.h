// Kullback-Leibler divergence of softmax(logits) from a target distribution: the label-distribution
// loss, value and both gradients in one pass.
//   p_b = softmax(logits_b)
//   loss = 1/B·Σ_b Σ_c T_bc·(log T_bc − log p_bc)                 (docs/design.md, "Losses")
//   dtarget_bc = scale/B·(log T_bc − log p_bc + 1)
//   dlogits_bc = scale/B·(p_bc·Σ_c T_bc − T_bc)
// Where T = 0: T·log T counts 0, and dtarget is set to 0, since the derivative from the right is
// −∞.
#pragma once

#include "core/context.h"

namespace lanet {

/// target, logits: [B, C], both f32, bf16 or f64; target ≥ 0, its rows need not add up to 1.
/// loss: [1] in accumulate_dtype, the unweighted mean: `scale` is the weight of this loss in the
/// total and multiplies the gradients alone. dtarget, dlogits: [B, C] in the dtype of logits; each
/// set, added to, or not wanted. Deterministic.
struct KlDivergenceArgs {
  Tensor target;
  Tensor logits;
  Tensor loss;
  Gradient dtarget = {};
  Gradient dlogits = {};
  double scale = 1;
};
void kl_divergence(Context& context, const KlDivergenceArgs& args);

}  // namespace lanet
