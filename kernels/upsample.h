// Bilinear upsampling by two, pixel centres aligned (align_corners = false), with an optional image
// added: `up(lat4) + lat3`. (docs/design.md, "Networks", "Equivalent forms")
// In one dimension, with indices outside 0..N−1 moved to the nearest one inside:
//   y[2i] = ¼·x[i−1] + ¾·x[i],  y[2i+1] = ¾·x[i] + ¼·x[i+1]
// and the image is the product of the two directions. The mean of the image is kept.
// Deterministic, and the same for any number of threads.
#pragma once

#include "core/context.h"

namespace lanet {

/// x: [B,H,W,C], addend (absent if none) and y: [B,2H,2W,C], of one dtype (f32, bf16, f64).
/// y = up(x) + addend, rounded once. y may be addend.
struct Upsample2xArgs {
  Tensor x;
  Tensor addend = {};
  Tensor y;
};
void upsample_2x(Context& context, const Upsample2xArgs& args);

/// dx = upᵀ(dy), set or added to: [B,H,W,C] from dy [B,2H,2W,C]. The gradient of addend is dy.
struct Upsample2xBackwardArgs {
  Tensor dy;
  Gradient dx;
};
void upsample_2x_backward(Context& context, const Upsample2xBackwardArgs& args);

}  // namespace lanet
