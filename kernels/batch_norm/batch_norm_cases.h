// Sizes for the test and the benchmark of batch_norm.
#pragma once

#include <cstdint>

namespace lanet {

struct BatchNormCase {
  int64_t rows, channels;
  bool bench = false;
};
inline constexpr BatchNormCase kBatchNormCases[] = {
    {1, 3},
    {16, 1},
    {5, 7},
    {9, 33},
    {6, 70},
    {600, 19},
    {1003, 64},
    {131, 512},
    {8, 2048},
    // ResNet-18 at 224 pixels, batch 8: conv1, layer1 to layer4.
    {8 * 112 * 112, 64, true},
    {8 * 56 * 56, 64, true},
    {8 * 28 * 28, 128, true},
    {8 * 14 * 14, 256, true},
    {8 * 7 * 7, 512, true},
    // At 64 pixels, batch 16: layer1 and layer4.
    {16 * 16 * 16, 64, true},
    {16 * 2 * 2, 512, true},
};

}  // namespace lanet
