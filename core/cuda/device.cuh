// Device-side helpers: dtype conversion, reductions, shared memory. No kernel needs an #ifdef of
// its own.
#pragma once

#include <cuda_bf16.h>

#include <limits>

#include "core/cuda/shared.cuh"
#include "core/dtype.h"

namespace lanet::cuda {

/// The device's type for a host element type: bf16 is CUDA's, with the same bits.
template <typename T>
struct device_type {
  using type = T;
};
template <>
struct device_type<bfloat16> {
  using type = __nv_bfloat16;
};
template <typename T>
using device_t = typename device_type<T>::type;

/// Infinity of a floating type, for device code, which cannot call std::numeric_limits.
template <typename A>
constexpr A kInfinity = std::numeric_limits<A>::infinity();

// accumulate_t of a device type is that of its host type: float for __nv_bfloat16.
template <typename T>
__device__ inline accumulate_t<T> load(const T* p) {
  return static_cast<accumulate_t<T>>(*p);
}
template <typename T>
__device__ inline void store(T* p, accumulate_t<T> value) {
  *p = static_cast<T>(value);
}

/// The sum over the 32 lanes of a warp, the same in each lane. All lanes must call it.
template <typename A>
__device__ inline A warp_sum(A value) {
  for (int offset = 16; offset > 0; offset >>= 1)
    value += __shfl_xor_sync(0xFFFFFFFFu, value, offset);
  return value;
}

/// The largest over the 32 lanes of a warp, the same in each lane. All lanes must call it.
template <typename A>
__device__ inline A warp_max(A value) {
  for (int offset = 16; offset > 0; offset >>= 1)
    value = max(value, __shfl_xor_sync(0xFFFFFFFFu, value, offset));
  return value;
}

}  // namespace lanet::cuda
