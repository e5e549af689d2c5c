// Sizes for the test and the benchmark of knn.
#pragma once

#include <cstdint>

namespace lanet {

struct KnnCase {
  int64_t n, d, k;
  bool bench = false;
};
inline constexpr KnnCase kKnnCases[] = {
    {2, 1, 1},          {5, 3, 4},           {33, 17, 8},          {40, 64, 8},
    {128, 64, 8, true}, {128, 512, 8, true}, {128, 2048, 8, true},
};

}  // namespace lanet
