// What the network, a sample's side information and its given label together say of its true class:
// a target that is worked out again at each visit of the sample.
//
//   p_b = softmax(logits_b)
//
//   opinion_b = momentum·opinions[sample_b] + (1 − momentum)·p_b; without opinions p_b
//
//   target_b(y) ∝ opinion_b(y)·channel[y][label_b]·exp(log_ratio[sample_b][y])
//
// where Σ_y target_b(y) = 1 (docs/design.md, "One likelihood"). This is Bayes' rule where the
// label, the side information and the picture are independent of each other once the true class is
// known. Without opinions p − target is the gradient, with respect to the logits, of
//   −log Σ_y p(y)·channel[y][label]·exp(log_ratio[y]),
// so kl_divergence with this target, taken as a constant, follows that likelihood.
#pragma once

#include <limits>

#include "core/context.h"

namespace lanet {

/// logits: [B, C], f32, bf16 or f64. target: the same, as kl_divergence takes it. Every other
/// floating tensor is in accumulate_dtype of the logits. Labels and sample_indices are checked on
/// the CPU; on CUDA a label that is no class makes its row of the target NaN, and nobody checks
/// sample_indices. The tables are only read: an opinion goes back by label_bank_store. A sample may
/// stand in the batch twice.
///
/// The sum is formed of logarithms less the largest, so no logit overflows and no product vanishes.
/// A channel entry of 0 or a log_ratio of −∞ excludes its class. A row whose classes are all
/// excluded, where label and side information contradict each other, gets its opinion as the
/// target. An opinion made from the table counts in the target as kSmallestOpinion at least, so
/// that one which vanished can come back. A NaN among what a row reads makes its target NaN.
/// No gradient flows to any input. Deterministic.
struct LabelPosteriorArgs {
  Tensor logits;
  Tensor labels;               // i32 [B], as given, each in [0, C)
  Tensor sample_indices = {};  // i32 [B], rows of the tables; without tables unread, may be absent
  Tensor channel;              // [C, C], channel[y][g] = P(given g | true y) ≥ 0
  Tensor log_ratio = {};       // [samples, C]; absent: 0
  Tensor opinions = {};        // [samples, C], opinions of earlier visits; absent: p alone counts
  Tensor target;               // [B, C], written
  Tensor opinion = {};         // [B, C], written; absent: not wanted
  double momentum = 0;         // in [0, 1), the share of the earlier opinions
};
void label_posterior(Context& context, const LabelPosteriorArgs& args);

template <typename A>
constexpr A kSmallestOpinion = std::numeric_limits<A>::min();  // the smallest normal number

}  // namespace lanet
