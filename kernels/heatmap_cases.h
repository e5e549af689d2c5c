// Sizes for the test and the benchmark of heatmap.
#pragma once

#include <cstdint>

namespace lanet {

struct HeatmapCase {
  int64_t batch, height, width, landmarks;
  bool bench = false;
};
inline constexpr HeatmapCase kHeatmapCases[] = {
    {1, 1, 1, 1}, {2, 7, 9, 3}, {3, 16, 16, 19}, {32, 56, 56, 19, true}};

}  // namespace lanet
