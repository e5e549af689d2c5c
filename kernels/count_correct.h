// How many samples of a batch the classifier names as they are labelled.
//   correct = #{ i : argmax_c logits_ic = labels_i }
#pragma once

#include "core/context.h"

namespace lanet {

/// Of equal largest logits the lowest class counts.
struct CountCorrectArgs {
  Tensor logits;   // [B, C], f32, bf16 or f64
  Tensor labels;   // i32 [B]
  Tensor correct;  // i32 [1], written
};
void count_correct(Context& context, const CountCorrectArgs& args);

}  // namespace lanet
