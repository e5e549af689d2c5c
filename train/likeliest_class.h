// The class that probabilities speak for.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

namespace lanet {

/// The class with the largest of the probabilities [C], C > 0; the first of several.
inline int32_t likeliest_class(std::span<const double> probabilities) {
  return static_cast<int32_t>(std::max_element(probabilities.begin(), probabilities.end()) -
                              probabilities.begin());
}

}  // namespace lanet
