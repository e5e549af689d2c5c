// A bank with a row for each training sample, its history: label distributions in the published
// recipe (docs/design.md, "Label distribution"), opinions in `robust`, targets in early-learning
// regularisation.
//   bank[sample_i] ← target_i
#pragma once

#include "core/context.h"

namespace lanet {

/// target and bank of one dtype, f32 or f64. Of several positions with the same sample the last
/// one's row stays. Other rows of the bank keep their bits.
struct LabelBankStoreArgs {
  Tensor target;          // [N, C]
  Tensor sample_indices;  // i32 [N], rows of the bank
  Tensor bank;            // [samples, C], overwritten at sample_indices
};
void label_bank_store(Context& context, const LabelBankStoreArgs& args);

}  // namespace lanet
