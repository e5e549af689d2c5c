// Sizes for the test and the benchmark of adaptive_wing.
#pragma once

#include <cstdint>

namespace lanet {

struct AdaptiveWingCase {
  int64_t batch, height, width, landmarks;
  bool bench = false;
};
inline constexpr AdaptiveWingCase kAdaptiveWingCases[] = {
    {1, 1, 1, 1}, {2, 3, 5, 7}, {3, 16, 17, 19}, {32, 56, 56, 19, true}};

}  // namespace lanet
