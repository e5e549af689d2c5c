// The memory bank of the contrastive loss: a ring of keys for each space, with labels.
//   row r_i = (pointer + i) mod M; bank_s[r_i] ← keys_s[i]; bank_labels[r_i] ← labels[i]
//   pointer ← (pointer + B) mod M
// (docs/design.md, "Memory banks") The oldest rows are overwritten; M need not divide by B; two
// positions of the same sample are both stored.
#pragma once

#include "core/context.h"

namespace lanet {

/// keys: f32, bf16 or f64; banks: that dtype, or bf16 (rounded to nearest). B ≤ M.
struct EnqueueArgs {
  Tensor keys_expression;  // [B, d]
  Tensor keys_landmark;    // [B, d]
  Tensor labels;           // i32 [B]
  Tensor bank_expression;  // [M, d]
  Tensor bank_landmark;    // [M, d]
  Tensor bank_labels;      // i32 [M]
  Tensor pointer;          // i32 [1], the next row, in [0, M); advanced
};
void memory_bank_enqueue(Context& context, const EnqueueArgs& args);

}  // namespace lanet
