// Sizes for the tests and the benchmark of adam.
#pragma once

#include <cstdint>

namespace lanet {

struct AdamCase {
  int64_t parameters;
  int64_t followed;  // length of the momentum copy; 0: none
  bool bench = false;
};
inline constexpr AdamCase kAdamCases[] = {
    {1, 1}, {7, 3}, {33, 0}, {4099, 2050}, {4100, 4100}, {20'000'000, 19'000'000, true}};

}  // namespace lanet
