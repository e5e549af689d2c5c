// Sizes for the test and the benchmark of adaptive_wing.
#pragma once

#include <cstdint>

namespace lanet {

struct AdaptiveWingCase {
  int64_t batch, height, width, landmarks, channels;
  bool bench = false;
};
inline constexpr AdaptiveWingCase kAdaptiveWingCases[] = {
    {1, 1, 1, 1, 1},     {2, 3, 5, 7, 7}, {2, 3, 5, 7, 10},           {3, 16, 17, 19, 19},
    {3, 16, 17, 19, 24}, {1, 2, 2, 1, 8}, {32, 56, 56, 19, 19, true}, {32, 56, 56, 19, 24, true}};

}  // namespace lanet
