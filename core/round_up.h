// Rounding of sizes.
#pragma once

#include <type_traits>

namespace lanet {

/// The least multiple of `multiple` (above 0) that is not less than n (not below 0).
template <typename T>
constexpr T round_up(T n, std::type_identity_t<T> multiple) {
  return (n + multiple - 1) / multiple * multiple;
}

}  // namespace lanet
