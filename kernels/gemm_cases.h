// Sizes for the test and the benchmark of gemm.
#pragma once

#include <cstdint>

namespace lanet {

struct GemmCase {
  int64_t m, n, k;
  bool bench = false;
};
inline constexpr GemmCase kGemmCases[] = {
    {1, 1, 1}, {3, 5, 7}, {16, 19, 33}, {128, 512, 512, true}, {1024, 128, 256, true}};

}  // namespace lanet
