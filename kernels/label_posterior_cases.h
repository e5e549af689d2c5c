// Sizes for the tests and the benchmark of label_posterior.
#pragma once

#include <cstdint>

namespace lanet {

struct LabelPosteriorCase {
  int64_t batch, classes, samples;
  bool bench = false;
};
inline constexpr LabelPosteriorCase kLabelPosteriorCases[] = {
    {1, 1, 1},
    {3, 7, 5},
    {5, 8, 20},
    {33, 13, 40},
    {9, 70, 12},  // the last: more classes than a warp has lanes
    {128, 7, 12271, true},
    {1024, 7, 12271, true}};

}  // namespace lanet
