// Heatmap targets and weights from landmarks.                      (docs/design.md, "Losses")
//   p = floor(landmark/4 + 0.5), a cell of the quarter-resolution grid
//   target = exp(−‖cell − p‖²/(2σ²)) in the 10x10 window [p−5, p+4], elsewhere 0
//   weight = 10 where the 3x3 dilation of the target exceeds 0.2, else 1
// A window is cut at the border of the grid and never moved: a landmark beyond the border leaves
// the part of its Gaussian that reaches in, or nothing. The dilation sees cells of the grid only.
#pragma once

#include "core/context.h"

namespace lanet {

constexpr int kHeatmapStride = 4;        // input pixels a cell
constexpr double kHeatmapSigma = 1.5;    // in cells
constexpr int kHeatmapWindowBefore = 5;  // the window is [p − 5, p + 4]
constexpr int kHeatmapWindowAfter = 4;
constexpr double kHeatmapThreshold = 0.2;
constexpr double kHeatmapWeight = 10;

/// landmarks: [B, L, 2], (x, y) in input pixels; one that is not finite leaves an empty target.
/// valid: u8 [B], or absent: all are. Where it is 0 all weights of that face are 0, so that it adds
/// nothing to the landmark loss, whose mean still divides by all elements.
/// target, weight: [B, h, w, L]; all floats f32 or all f64. Deterministic for any number of
/// threads.
struct HeatmapArgs {
  Tensor landmarks;
  Tensor valid = {};
  Tensor target;
  Tensor weight;
};
void heatmap(Context& context, const HeatmapArgs& args);

}  // namespace lanet
