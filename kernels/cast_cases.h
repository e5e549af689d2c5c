// Sizes for the test and the benchmark of cast.
#pragma once

#include <cstdint>

namespace lanet {

struct CastCase {
  int64_t elements;
  bool bench = false;
};
inline constexpr CastCase kCastCases[] = {
    {1}, {7}, {33}, {3003}, {8 * 56 * 56 * 64, true}, {20'000'000, true}};

}  // namespace lanet
