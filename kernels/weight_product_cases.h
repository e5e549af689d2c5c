// Sizes for the test and the benchmark of weight_product.
#pragma once

#include <cstdint>

namespace lanet {

struct WeightProductCase {
  int64_t rows, inner, columns;
  bool bench = false;
};
inline constexpr WeightProductCase kWeightProductCases[] = {
    {1, 1, 1}, {3, 5, 7}, {13, 17, 29}, {19, 64, 512, true}};

}  // namespace lanet
