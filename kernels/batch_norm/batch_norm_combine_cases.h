// Sizes for the test and the benchmark of batch_norm_combine.
#pragma once

#include <cstdint>

namespace lanet {

struct BatchNormCombineCase {
  int64_t ranks, rows, channels;
  bool bench = false;
};
inline constexpr BatchNormCombineCase kBatchNormCombineCases[] = {
    {1, 1, 3},
    {1, 9, 7},
    {2, 1, 5},
    {2, 30, 33},
    {3, 11, 131},
    {8, 17, 70},
    // ResNet-18 at 224 pixels, 16 images a rank: layer1 and layer4.
    {8, 16 * 56 * 56, 64, true},
    {8, 16 * 7 * 7, 512, true},
};

}  // namespace lanet
