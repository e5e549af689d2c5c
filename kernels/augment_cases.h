// Sizes for the test and the benchmark of augment and normalize.
#pragma once

#include <cstdint>

namespace lanet {

struct AugmentCase {
  int64_t samples, batch, image_size, landmarks;
  bool bench = false;
};
inline constexpr AugmentCase kAugmentCases[] = {
    {1, 1, 1, 1}, {3, 7, 13, 5}, {2, 5, 32, 0}, {64, 64, 64, 19, true}, {32, 32, 224, 19, true},
};

}  // namespace lanet
