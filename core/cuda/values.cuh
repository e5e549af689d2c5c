// Neighbouring elements as the numbers they stand for: packs are read and written in T, and worked
// on in accumulate_t<T>.
#pragma once

#include <initializer_list>

#include "core/cuda/device.cuh"
#include "core/cuda/pack.h"

namespace lanet::cuda {

/// Elements of T in 128 bits.
template <typename T>
constexpr int kPackWidth = static_cast<int>(16 / sizeof(T));

template <int N, typename T>
using Values = Pack<accumulate_t<T>, N>;

/// Element e of a pack as a number. Of bf16 it is taken from the word it is in: one instruction for
/// either half, where a conversion of the upper one alone takes two.
template <typename T, int N>
__device__ inline accumulate_t<T> element(const Pack<T, N>& pack, int e) {
  if constexpr (sizeof(T) == 2 && N > 1) {
    uint32_t word;
    __builtin_memcpy(&word, pack.value + e / 2 * 2, sizeof(word));
    return __uint_as_float(e % 2 ? word & 0xFFFF0000u : word << 16);
  } else {
    return load(&pack.value[e]);
  }
}

template <int N, typename T>
__device__ inline Values<N, T> unpack(const Pack<T, N>& pack) {
  Values<N, T> values;
#pragma unroll
  for (int e = 0; e < N; ++e) values.value[e] = load(&pack.value[e]);
  return values;
}
template <int N, typename T>
__device__ inline Values<N, T> load_values(const T* p) {
  return unpack<N>(load_pack<N>(p));
}
template <int N, typename T>
__device__ inline void store_values(T* p, const Values<N, T>& values) {
  Pack<T, N> pack;
#pragma unroll
  for (int e = 0; e < N; ++e) store(&pack.value[e], values.value[e]);
  store_pack(p, pack);
}
/// Writes a gradient: sets it, or adds to what is there and rounds once.
template <int N, typename T>
__device__ inline void store_gradient(T* p, Values<N, T> values, bool add) {
  if (add) {
    const Values<N, T> there = load_values<N>(p);
#pragma unroll
    for (int e = 0; e < N; ++e) values.value[e] += there.value[e];
  }
  store_values<N>(p, values);
}

/// For a grid of one thread a pack of N: calls f.template operator()<N>(first) for this thread's
/// pack, or, where the elements end within it, f.template operator()<1>(i) for each that is left.
template <int N, typename F>
__device__ inline void for_my_pack(int64_t elements, F&& f) {
  const int64_t first = (int64_t{blockIdx.x} * blockDim.x + threadIdx.x) * N;
  if (first + N <= elements) {
    f.template operator()<N>(first);
  } else {
    for (int64_t i = first; i < elements; ++i) f.template operator()<1>(i);
  }
}

/// True if arrays that start at these places can be read in packs. A null pointer always can.
inline bool aligned_for_packs(std::initializer_list<const void*> pointers) {
  for (const void* pointer : pointers)
    if (reinterpret_cast<uintptr_t>(pointer) % 16 != 0) return false;
  return true;
}

/// The same for images [rows, channels], read in packs of channels: each row must start aligned.
template <typename T>
bool channels_in_packs(int64_t channels, std::initializer_list<const void*> pointers) {
  return channels % kPackWidth<T> == 0 && aligned_for_packs(pointers);
}

/// Calls f.template operator()<N>(): N elements of T in 128 bits if `packs`, else 1.
template <typename T, typename F>
void with_pack_width(bool packs, F&& f) {
  if (packs)
    f.template operator()<kPackWidth<T>>();
  else
    f.template operator()<1>();
}

}  // namespace lanet::cuda
