// Adaptive wing loss on heatmaps: the landmark loss, value and gradient in one pass. With ŷ the
// prediction, y the target, d = |y − ŷ|                            (docs/design.md, "Losses")
//   d < θ: wing = ω·ln(1 + (d/ε)^(α−y))
//   else:  wing = A·d − C,  A = ω·(1/(1+(θ/ε)^(α−y)))·(α−y)·(θ/ε)^(α−y−1)/ε
//                           C = θ·A − ω·ln(1+(θ/ε)^(α−y))
//   loss = mean of weight·wing over all elements of the target
//   dŷ = scale/n·weight·sign(ŷ − y)·d wing/dd; both branches agree at d = θ in value and slope, and
//   the gradient at d = 0 is 0
#pragma once

#include "core/context.h"

namespace lanet {

constexpr double kAdaptiveWingAlpha = 2.1;
constexpr double kAdaptiveWingOmega = 14;
constexpr double kAdaptiveWingEpsilon = 1;
constexpr double kAdaptiveWingTheta = 0.5;

/// Workspace that a target of this shape needs, on any device of this build: the planner hands it
/// to context.reserve_workspace().
size_t adaptive_wing_workspace_bytes(const Shape& target);

/// prediction: [B, h, w, C], f32, bf16 or f64; target in [0, 1], weight: [B, h, w, L] in
/// accumulate_dtype, L ≤ C. Channels of the prediction from L on are padding: they are not read,
/// and their gradient is 0. loss: [1] in accumulate_dtype, the unweighted mean: `scale` is the
/// weight of this loss in the total and multiplies the gradient alone. dprediction: in the shape
/// and dtype of prediction; absent: value only. The sum is formed in double, in parts that do not
/// depend on the number of threads: the same bits for any number.
struct AdaptiveWingArgs {
  Tensor prediction;
  Tensor target;
  Tensor weight;
  Tensor loss;
  Gradient dprediction = {};
  double scale = 1;
};
void adaptive_wing(Context& context, const AdaptiveWingArgs& args);

}  // namespace lanet
