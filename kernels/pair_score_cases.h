// Sizes for the test and the benchmark of pair_score.
#pragma once

#include <cstdint>

namespace lanet {

struct PairScoreCase {
  int64_t n, d, k;
  bool bench = false;
};
inline constexpr PairScoreCase kPairScoreCases[] = {
    {2, 4, 1},    {5, 12, 3},         {9, 20, 8},          {33, 32, 8},          {3, 260, 2},
    {130, 24, 8}, {128, 64, 8, true}, {128, 512, 8, true}, {128, 2048, 8, true},
};

}  // namespace lanet
