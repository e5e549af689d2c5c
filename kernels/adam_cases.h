// Sizes for the tests and the benchmark of adam.
#pragma once

#include <cstdint>

namespace lanet {

struct AdamCase {
  int64_t parameters;
  int64_t followed;     // length of the momentum copy; 0: none
  int64_t rounded = 0;  // length of the bf16 gradient; 0: none
  bool bench = false;
};
inline constexpr AdamCase kAdamCases[] = {{1, 1},
                                          {7, 3},
                                          {33, 0},
                                          {4099, 2050},
                                          {4100, 4100},
                                          {9, 5, 4},
                                          {4101, 2050, 2052},
                                          {20'000'000, 19'000'000, 0, true}};

}  // namespace lanet
