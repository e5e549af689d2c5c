// Rounding to the dtype on the CPU, in forms that loops over channels are vectorised with.
#pragma once

#include "core/dtype.h"

namespace lanet {

/// place = T(value). Under `omp simd` g++ leaves a loop that assigns a struct, which bfloat16 is,
/// as it stands.
template <typename T>
inline void assign_rounded(T& place, float value) {
  if constexpr (std::is_same_v<T, bfloat16>)
    place.bits = bfloat16(value).bits;
  else
    place = value;
}

/// float(T(value)), without the way through 16 bits.
template <typename T>
inline float rounded_to(float value) {
  if constexpr (std::is_same_v<T, bfloat16>) {
    const uint32_t u = std::bit_cast<uint32_t>(value);
    const uint32_t even = (u + 0x7FFFu + ((u >> 16) & 1u)) & 0xFFFF0000u;
    return value == value ? std::bit_cast<float>(even) : value;  // keeps NaN
  } else {
    return value;
  }
}

}  // namespace lanet
