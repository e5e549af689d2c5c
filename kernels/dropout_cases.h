// Sizes for the tests and the benchmark of dropout.
#pragma once

#include <cstdint>

namespace lanet {

struct DropoutCase {
  int64_t rows, width;
  int64_t first_element;  // of these in the whole batch
  bool bench = false;
};
inline constexpr DropoutCase kDropoutCases[] = {
    {1, 1, 0},      {3, 7, 0},           {3, 7, 21},          {8, 64, 512},
    {33, 65, 2146}, {512, 128, 0, true}, {128, 2048, 0, true}};

}  // namespace lanet
