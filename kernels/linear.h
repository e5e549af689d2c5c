// Fully connected layer, with an optional ReLU behind it.
//   y = x·Wᵀ + bias, with relu: max(0, x·Wᵀ + bias)          (docs/design.md, "Networks")
//   g = dy, with relu: dy where y > 0 and else 0 (so 0 where y = 0)
//   dx = g·W,  dW = gᵀ·x,  dbias = Σ_b g_b
#pragma once

#include "core/context.h"

namespace lanet {

/// x: [B, I], weight: [O, I], y: [B, O], of one dtype: f32, bf16 or f64. bias: [O] in
/// accumulate_dtype, or absent. Sums in accumulate_dtype. Deterministic for a given number of
/// threads.
struct LinearArgs {
  Tensor x;
  Tensor weight;
  Tensor bias = {};
  Tensor y;
  bool relu = false;
};
void linear(Context& context, const LinearArgs& args);

/// x and weight as in the forward pass; y as it left it, read only with relu; dy: [B, O].
/// dx: [B, I] in the dtype of x; dweight: [O, I] and dbias: [O] in accumulate_dtype; each set,
/// added to, or not wanted. With relu, uses linear_backward_workspace_bytes of the context's
/// workspace.
struct LinearBackwardArgs {
  Tensor x;
  Tensor weight;
  Tensor y;
  Tensor dy;
  bool relu = false;
  Gradient dx = {};
  Gradient dweight = {};
  Gradient dbias = {};
};
void linear_backward(Context& context, const LinearBackwardArgs& args);

/// With relu the size of dy, which is masked into the workspace; otherwise 0.
size_t linear_backward_workspace_bytes(const Shape& dy, DType dtype, bool relu);

}  // namespace lanet
