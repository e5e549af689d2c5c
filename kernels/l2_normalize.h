// Row-wise L2 normalisation.
//   y_i = x_i / max(‖x_i‖, 1e-12)                 (docs/design.md, "Networks")
//   dx_i = (dy_i − y_i·(y_i·dy_i)) / max(‖x_i‖, 1e-12)
//   dx_i = dy_i / 1e-12 where ‖x_i‖ ≤ 1e-12
#pragma once

#include "core/context.h"

namespace lanet {

constexpr double kL2NormalizeFloor = 1e-12;

/// x, y: [rows, width], f32, bf16 or f64. norm: [rows] in accumulate_dtype, max(‖x_i‖, 1e-12), kept
/// for the backward pass. Sums in accumulate_dtype. Deterministic. y may be x.
struct L2NormalizeArgs {
  Tensor x;
  Tensor y;
  Tensor norm;
};
void l2_normalize(Context& context, const L2NormalizeArgs& args);

/// y and norm as the forward pass left them; dy: [rows, width]; dx is set or added to.
struct L2NormalizeBackwardArgs {
  Tensor y;
  Tensor norm;
  Tensor dy;
  Gradient dx;
};
void l2_normalize_backward(Context& context, const L2NormalizeBackwardArgs& args);

}  // namespace lanet
