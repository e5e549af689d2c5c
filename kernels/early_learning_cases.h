// Sizes for the tests and the benchmark of early_learning.
#pragma once

#include <cstdint>

namespace lanet {

struct EarlyLearningCase {
  int64_t batch, classes, samples;
  bool bench = false;
};
inline constexpr EarlyLearningCase kEarlyLearningCases[] = {
    {1, 2, 1},
    {3, 7, 5},
    {5, 8, 20},
    {33, 13, 40},  // more rows than a block has warps
    {9, 70, 12},   // more classes than a warp has lanes
    {128, 7, 12271, true},
    {1024, 7, 12271, true}};

}  // namespace lanet
