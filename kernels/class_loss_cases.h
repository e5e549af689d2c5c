// Sizes for the tests and benchmarks of softmax_cross_entropy, kl_divergence and pseudo_label.
#pragma once

#include <cstdint>

namespace lanet {

struct ClassLossCase {
  int64_t batch, classes;
  bool bench = false;
};
inline constexpr ClassLossCase kClassLossCases[] = {
    {1, 2}, {3, 7}, {5, 8}, {33, 13}, {128, 7, true}};

}  // namespace lanet
