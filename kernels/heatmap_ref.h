// Definition of the operation; the contract is in heatmap.h.
#pragma once

#include <algorithm>
#include <cmath>

#include "kernels/heatmap.h"

namespace lanet {

/// The target of one landmark of one face: `target` and `weight` are [height, width] grids, whose
/// cells lie `stride` elements apart. The target is all 0 and the weight all 1 before.
template <typename A>
void draw_landmark(const A landmark[2], A* target, A* weight, int64_t height, int64_t width,
                   int64_t stride) {
  const A px = std::floor(landmark[0] / kHeatmapStride + A(0.5));
  const A py = std::floor(landmark[1] / kHeatmapStride + A(0.5));
  // In floating point, so that a landmark far outside or not finite overflows no integer.
  const bool reaches_in = px + kHeatmapWindowAfter >= 0 && px - kHeatmapWindowBefore < width &&
                          py + kHeatmapWindowAfter >= 0 && py - kHeatmapWindowBefore < height;
  if (!reaches_in) return;
  const int64_t x = static_cast<int64_t>(px), y = static_cast<int64_t>(py);
  const int64_t left = std::max<int64_t>(x - kHeatmapWindowBefore, 0);
  const int64_t right = std::min<int64_t>(x + kHeatmapWindowAfter, width - 1);
  const int64_t top = std::max<int64_t>(y - kHeatmapWindowBefore, 0);
  const int64_t bottom = std::min<int64_t>(y + kHeatmapWindowAfter, height - 1);
  for (int64_t row = top; row <= bottom; ++row) {
    for (int64_t column = left; column <= right; ++column) {
      const A dx = A(column - x), dy = A(row - y);
      const A value = std::exp(-(dx * dx + dy * dy) / A(2 * kHeatmapSigma * kHeatmapSigma));
      target[(row * width + column) * stride] = value;
      if (!(value > A(kHeatmapThreshold))) continue;
      // The dilation: a cell above the threshold lifts its neighbours above it.
      for (int64_t v = std::max<int64_t>(row - 1, 0); v <= std::min(row + 1, height - 1); ++v)
        for (int64_t u = std::max<int64_t>(column - 1, 0); u <= std::min(column + 1, width - 1);
             ++u)
          weight[(v * width + u) * stride] = A(kHeatmapWeight);
    }
  }
}

template <typename A>
void heatmap_ref(const HeatmapArgs& args) {
  const int64_t batch = args.target.shape[0], height = args.target.shape[1],
                width = args.target.shape[2], landmarks = args.target.shape[3];
  const int64_t cells = height * width * landmarks;
#pragma omp parallel for
  for (int64_t b = 0; b < batch; ++b) {
    A* target = args.target.as<A>() + b * cells;
    A* weight = args.weight.as<A>() + b * cells;
    std::fill_n(target, cells, A(0));
    std::fill_n(weight, cells, A(1));
    for (int64_t l = 0; l < landmarks; ++l)
      draw_landmark(args.landmarks.as<A>() + (b * landmarks + l) * 2, target + l, weight + l,
                    height, width, landmarks);
    if (args.valid && args.valid.as<uint8_t>()[b] == 0) std::fill_n(weight, cells, A(0));
  }
}

}  // namespace lanet
