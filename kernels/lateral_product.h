// Products of one matrix with the four laterals, lat_i [D, C_i]: what is left of the landmark head
// when it is collapsed (docs/design.md, "Equivalent forms").
//   expand:    y_i   = a·lat_i         the heatmaps' weights lm_fc·lat_i; the gradients of the
//   means contract:  sum   = Σ_i x_i·lat_iᵀ  the feature v of the means x_i; the gradient of lm_fc
//   gradient:  dlat_i = aᵀ·dy_i        of expand, and with x_i for dy_i and dsum for a of contract
// x and dy may be in bf16 beside f32. They are each other's gradients: that of expand by a is the
// contraction of dy_i, and that of contract by x_i the expansion of dsum. The products are small,
// so that each is one launch on CUDA for all four laterals. Sums in the dtype of a, in an order
// that only the shapes decide on CUDA, and on the CPU the number of threads too: deterministic.
#pragma once

#include <array>

#include "core/context.h"

namespace lanet {

/// One of each for the four stages.
using LateralTensors = std::array<Tensor, 4>;
using LateralGradients = std::array<Gradient, 4>;

/// a: [R, D], lateral: [D, C_i], all f32 or all f64. y: [R, C_i], in their dtype, or all in bf16
/// from f32, rounded once; each set or added to.
struct LateralExpandArgs {
  Tensor a;
  LateralTensors lateral;
  LateralGradients y;
};
void lateral_expand(Context& context, const LateralExpandArgs& args);

/// x: [R, C_i], all of the dtypes that y may have; lateral: [D, C_i], sum: [R, D], set or added to,
/// both f32 or both f64.
struct LateralContractArgs {
  LateralTensors x;
  LateralTensors lateral;
  Gradient sum;
};
void lateral_contract(Context& context, const LateralContractArgs& args);

/// a: [R, D], dlateral: [D, C_i], each set or added to, all f32 or all f64; dy: [R, C_i], all of
/// the dtypes that y may have.
struct LateralGradientArgs {
  Tensor a;
  LateralTensors dy;
  LateralGradients dlateral;
};
void lateral_gradient(Context& context, const LateralGradientArgs& args);

}  // namespace lanet
