// Sizes for the test and the benchmark of batch_norm_max_pool.
#pragma once

#include <cstdint>

namespace lanet {

struct BatchNormPoolCase {
  int64_t batch, height, width, channels;
  bool bench = false;
};
inline constexpr BatchNormPoolCase kBatchNormPoolCases[] = {
    {1, 1, 1, 3},
    {1, 2, 3, 2},
    {2, 5, 7, 3},
    {1, 6, 7, 19},
    {2, 8, 8, 64},
    {1, 9, 5, 100},
    {1, 70, 3, 8},
    {1, 3, 130, 64},
    {4, 18, 18, 8},
    // The stem of ResNet at 224 and at 64 pixels.
    {8, 112, 112, 64, true},
    {16, 32, 32, 64, true},
};

}  // namespace lanet
