// The class in which a sample counts for the contrastive loss.
//   c = max T_i; y_i = argmax T_i if c ≥ threshold, else −(sample_i + 1): a class of its own
// (docs/design.md, "Contrastive loss")
#pragma once

#include "core/context.h"
#include "kernels/hyperparameter.h"

namespace lanet {

/// target: [N, C], f32 or f64. sample_indices: i32 [N], from 0 to 2^31 − 3, so that no label is
/// INT32_MIN. labels: i32 [N], written. Of equal largest entries the lowest class counts. The
/// threshold is rounded to target's dtype, and exactly the threshold is confident.
struct PseudoLabelArgs {
  Tensor target;
  Tensor sample_indices;
  Tensor labels;
  double threshold = kNotGiven;
};
void pseudo_label(Context& context, const PseudoLabelArgs& args);

}  // namespace lanet
