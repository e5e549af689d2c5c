// The product of two weights: the collapsed landmark head. lm_fc behind latlayer_i is one linear
// map, so its weight lm_fc·lat_i is formed once a step and the wide tensor between them never is.
//   y = a·b                                                   (design: LA-Net part 4)
//   da = dy·bᵀ,  db = aᵀ·dy
#pragma once

#include "core/context.h"

namespace lanet {

/// a: [L, D], b: [D, C], both f32 or both f64. y: [L, C] in their dtype, or in bf16 from f32:
/// summed in f32 and rounded once, using weight_product_workspace_bytes of the context's workspace.
/// Deterministic for a given number of threads.
struct WeightProductArgs {
  Tensor a;
  Tensor b;
  Tensor y;
};
void weight_product(Context& context, const WeightProductArgs& args);

/// The size of the unrounded product where y is bf16; otherwise 0.
size_t weight_product_workspace_bytes(const Shape& y, DType dtype);

/// a, b as above; dy: [L, C] in their dtype; da and db are set, added to, or not wanted.
struct WeightProductBackwardArgs {
  Tensor a;
  Tensor b;
  Tensor dy;
  Gradient da = {};
  Gradient db = {};
};
void weight_product_backward(Context& context, const WeightProductBackwardArgs& args);

}  // namespace lanet
