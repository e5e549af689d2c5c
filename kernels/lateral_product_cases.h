// Sizes for the test and the benchmark of the lateral products.
#pragma once

#include <array>
#include <cstdint>

namespace lanet {

struct LateralCase {
  int64_t rows, depth;
  std::array<int64_t, 4> columns;
  bool bench = false;
};
inline constexpr LateralCase kLateralCases[] = {{1, 1, {1, 1, 1, 1}},
                                                {3, 5, {7, 2, 9, 4}},
                                                {13, 37, {29, 32, 33, 65}},
                                                {40, 18, {3, 64, 31, 100}},
                                                {19, 64, {64, 128, 256, 512}, true},
                                                {24, 64, {64, 128, 256, 512}, true},
                                                {128, 64, {64, 128, 256, 512}, true}};

}  // namespace lanet
