// Early-learning regularisation (Liu et al., 2020): holds the network to its own earlier
// predictions of each sample, value and gradient in one pass.
//   p_b = softmax(logits_b), each element clamped to [1e-4, 1 − 1e-4]
//   target_b = momentum·targets[sample_b] + (1 − momentum)·p_b/Σ_c p_bc
//   loss = 1/B·Σ_b log(1 − <target_b, p_b>)
// The loss is never positive, and falls as a prediction agrees with the target: added to the cross
// entropy it outweighs a label that the network came to doubt before it learned it by heart. The
// target is a constant, and a clamped element passes no gradient on:
//   g_bc = −target_bc/(1 − <target_b, p_b>), or 0 where p_bc was clamped
//   dlogits_bc = scale/B·p_bc·(g_bc − Σ_k p_bk·g_bk), with p as it was before
#pragma once

#include "core/context.h"
#include "kernels/hyperparameter.h"

namespace lanet {

/// logits: [B, C], f32, bf16 or f64. Every other floating tensor is in accumulate_dtype of them,
/// but for dlogits, which is as they are, [B, C]: set, added to, or not wanted. loss: [1], the
/// unweighted mean: `scale` is the weight of this loss in the total and multiplies the gradient
/// alone. targets are only read: a target goes back by label_bank_store. A sample that stands in
/// the batch twice has two targets, each from the same earlier one. Rows of targets are to be ≥ 0
/// and add up to 1 at most; they start at 0. sample_indices are checked on the CPU alone. A NaN in
/// a row makes its target and the loss NaN. Deterministic.
struct EarlyLearningArgs {
  Tensor logits;
  Tensor sample_indices;  // i32 [B], rows of targets
  Tensor targets;         // [samples, C], of earlier visits
  Tensor target;          // [B, C], written
  Tensor loss;
  Gradient dlogits = {};
  double momentum = kNotGiven;  // in [0, 1), the share of the earlier target
  double scale = 1;
};
void early_learning(Context& context, const EarlyLearningArgs& args);

/// What probabilities are clamped to.
template <typename A>
constexpr A kLeastProbability = A(1e-4);
template <typename A>
constexpr A kLargestProbability = A(1 - 1e-4);

}  // namespace lanet
