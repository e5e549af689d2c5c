// Sizes for the test and the benchmark of info_nce.
#pragma once

#include <cstdint>

namespace lanet {

struct InfoNceCase {
  int64_t queries, width, bank_rows;
  int num_labels;  // of the classes that several samples share
  double temperature;
  bool bench = false;
};
inline constexpr InfoNceCase kInfoNceCases[] = {
    {1, 3, 2, 2, 0.1},
    {5, 7, 19, 2, 0.1},
    {9, 16, 33, 3, 0.02},
    {33, 20, 1500, 4, 0.1},  // more rows than one tile of the fast path, and a part of a tile
    {64, 64, 8192, 7, 0.1, true},
    {128, 64, 8192, 7, 0.1, true},
    {128, 256, 8192, 7, 0.1, true},
};

}  // namespace lanet
