// Sizes for the test and the benchmark of label_aggregate.
#pragma once

#include <cstdint>

namespace lanet {

inline constexpr double kLabelAggregateMomentum = 0.9;

struct LabelAggregateCase {
  int64_t n, k, classes, samples;
  bool bench = false;
};
inline constexpr LabelAggregateCase kLabelAggregateCases[] = {
    {2, 1, 2, 3},    {9, 3, 7, 20},    {33, 8, 5, 50},
    {11, 2, 40, 12}, {260, 2, 3, 300}, {128, 8, 7, 12271, true}};

}  // namespace lanet
