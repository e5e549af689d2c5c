// Sizes for the test and the benchmark of linear.
#pragma once

#include <cstdint>

namespace lanet {

struct LinearCase {
  int64_t batch, in, out;
  bool bias, relu;
  bool bench = false;
};
inline constexpr LinearCase kLinearCases[] = {
    {1, 1, 1, true, false},          {3, 5, 7, false, false}, {5, 9, 3, true, true},
    {13, 17, 19, false, true},       {40, 6, 35, true, true}, {128, 512, 7, true, false, true},
    {128, 512, 64, true, true, true}};

}  // namespace lanet
