// Sizes for the test and the benchmark of augment and normalize.
#pragma once

#include <cstdint>

namespace lanet {

struct AugmentCase {
  int64_t samples, batch, image_size, landmarks, channels;
  bool bench = false;
};
inline constexpr AugmentCase kAugmentCases[] = {
    {1, 1, 1, 1, 3},
    {3, 7, 13, 5, 3},
    {2, 3, 64, 5, 4},
    {2, 3, 20, 0, 5},
    {2, 6, 3, 2, 8},
    {2, 5, 23, 3, 8},
    {64, 64, 64, 19, 3, true},
    {32, 32, 224, 19, 3, true},
    {32, 32, 224, 19, 4, true},
    {32, 32, 224, 19, 8, true},
};

}  // namespace lanet
