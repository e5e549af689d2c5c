// Sizes for the test and the benchmark of add.
#pragma once

#include <cstdint>

namespace lanet {

struct AddCase {
  int64_t elements;
  bool bench = false;
};
inline constexpr AddCase kAddCases[] = {
    {1}, {7}, {33}, {1000}, {8 * 7 * 7 * 512, true}, {8 * 56 * 56 * 64, true}};

}  // namespace lanet
