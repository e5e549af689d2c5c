// Sizes for the test and the benchmark of l2_normalize.
#pragma once

#include <cstdint>

namespace lanet {

struct L2NormalizeCase {
  int64_t rows, width;
  bool bench = false;
};
inline constexpr L2NormalizeCase kL2NormalizeCases[] = {
    {1, 1},   {3, 5},          {7, 33},          {16, 64},
    {5, 129}, {128, 64, true}, {128, 512, true}, {128, 2048, true},
};

}  // namespace lanet
