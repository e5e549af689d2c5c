// Barriers, votes, shuffles and atomic operations under their CUDA names.
#pragma once

#include <bit>
#include <cstring>
#include <type_traits>

#include "tests/simt/simt.h"

namespace lanet::simt {

template <typename T>
__attribute__((always_inline)) inline uint64_t to_bits(const T& value) {
  static_assert(sizeof(T) <= 8, "a lane gives eight bytes at most");
  uint64_t bits = 0;
  __builtin_memcpy(&bits, &value, sizeof(T));
  return bits;
}
template <typename T>
__attribute__((always_inline)) inline T from_bits(uint64_t bits) {
  T value;
  __builtin_memcpy(&value, &bits, sizeof(T));
  return value;
}

/// Replaces *address by what `update` makes of it; returns the old value. Always inlined, so that
/// reports name the kernel's line.
template <typename T, typename F>
__attribute__((always_inline)) inline T atomic_update(T* address, F&& update) {
  const T old = from_bits<T>(atomic_begin(address, sizeof(T)));
  atomic_end(address, sizeof(T), to_bits(static_cast<T>(update(old))));
  return old;
}

}  // namespace lanet::simt

inline void __syncthreads(lanet::simt::Site site = lanet::simt::Site::current()) {
  lanet::simt::block_barrier(lanet::simt::Vote::none, false, site);
}
inline int __syncthreads_count(int predicate,
                               lanet::simt::Site site = lanet::simt::Site::current()) {
  return lanet::simt::block_barrier(lanet::simt::Vote::count, predicate != 0, site);
}
inline int __syncthreads_and(int predicate, lanet::simt::Site site = lanet::simt::Site::current()) {
  return lanet::simt::block_barrier(lanet::simt::Vote::all, predicate != 0, site);
}
inline int __syncthreads_or(int predicate, lanet::simt::Site site = lanet::simt::Site::current()) {
  return lanet::simt::block_barrier(lanet::simt::Vote::any, predicate != 0, site);
}

inline void __syncwarp(unsigned mask = 0xFFFFFFFFu,
                       lanet::simt::Site site = lanet::simt::Site::current()) {
  lanet::simt::warp_operation(lanet::simt::WarpOp::sync, mask, 0, 0, 32, site);
}

#define LANET_SIMT_SHUFFLE(name, op)                                                         \
  template <typename T>                                                                      \
  inline T name(unsigned mask, T value, int argument, int width = 32,                        \
                lanet::simt::Site site = lanet::simt::Site::current()) {                     \
    return lanet::simt::from_bits<T>(lanet::simt::warp_operation(                            \
        lanet::simt::WarpOp::op, mask, lanet::simt::to_bits(value), argument, width, site)); \
  }
LANET_SIMT_SHUFFLE(__shfl_sync, shuffle)
LANET_SIMT_SHUFFLE(__shfl_up_sync, shuffle_up)
LANET_SIMT_SHUFFLE(__shfl_down_sync, shuffle_down)
LANET_SIMT_SHUFFLE(__shfl_xor_sync, shuffle_xor)
#undef LANET_SIMT_SHUFFLE

inline unsigned __ballot_sync(unsigned mask, int predicate,
                              lanet::simt::Site site = lanet::simt::Site::current()) {
  return static_cast<unsigned>(
      lanet::simt::warp_operation(lanet::simt::WarpOp::ballot, mask, predicate != 0, 0, 32, site));
}
inline int __any_sync(unsigned mask, int predicate,
                      lanet::simt::Site site = lanet::simt::Site::current()) {
  return __ballot_sync(mask, predicate, site) != 0;
}
inline int __all_sync(unsigned mask, int predicate,
                      lanet::simt::Site site = lanet::simt::Site::current()) {
  return __ballot_sync(mask, predicate, site) == mask;
}
template <typename T>
inline unsigned __match_any_sync(unsigned mask, T value,
                                 lanet::simt::Site site = lanet::simt::Site::current()) {
  return static_cast<unsigned>(lanet::simt::warp_operation(
      lanet::simt::WarpOp::match_any, mask, lanet::simt::to_bits(value), 0, 32, site));
}

#define LANET_SIMT_REDUCE(name, T, op)                                                             \
  inline T name(unsigned mask, T value, lanet::simt::Site site = lanet::simt::Site::current()) {   \
    return static_cast<T>(lanet::simt::warp_operation(lanet::simt::WarpOp::op, mask,               \
                                                      static_cast<uint32_t>(value), 0, 32, site)); \
  }
LANET_SIMT_REDUCE(__reduce_add_sync, unsigned, reduce_add)
LANET_SIMT_REDUCE(__reduce_add_sync, int, reduce_add)
LANET_SIMT_REDUCE(__reduce_min_sync, unsigned, reduce_min)
LANET_SIMT_REDUCE(__reduce_min_sync, int, reduce_min_signed)
LANET_SIMT_REDUCE(__reduce_max_sync, unsigned, reduce_max)
LANET_SIMT_REDUCE(__reduce_max_sync, int, reduce_max_signed)
LANET_SIMT_REDUCE(__reduce_and_sync, unsigned, reduce_and)
LANET_SIMT_REDUCE(__reduce_or_sync, unsigned, reduce_or)
LANET_SIMT_REDUCE(__reduce_xor_sync, unsigned, reduce_xor)
#undef LANET_SIMT_REDUCE

#define LANET_SIMT_ATOMIC(name, result)                                                       \
  template <typename T>                                                                       \
  __attribute__((always_inline)) inline T name(T* address, std::type_identity_t<T> value) {   \
    static_assert(std::is_integral_v<T> && sizeof(T) >= 4, "the sum of floats has an order"); \
    return lanet::simt::atomic_update(address, [&](T old) { return result; });                \
  }
LANET_SIMT_ATOMIC(atomicAdd, old + value)
LANET_SIMT_ATOMIC(atomicSub, old - value)
LANET_SIMT_ATOMIC(atomicMin, old < value ? old : value)
LANET_SIMT_ATOMIC(atomicMax, old > value ? old : value)
LANET_SIMT_ATOMIC(atomicAnd, old& value)
LANET_SIMT_ATOMIC(atomicOr, old | value)
LANET_SIMT_ATOMIC(atomicXor, old ^ value)
#undef LANET_SIMT_ATOMIC
template <typename T>
__attribute__((always_inline)) inline T atomicExch(T* address, std::type_identity_t<T> value) {
  return lanet::simt::atomic_update(address, [&](T) { return value; });
}
template <typename T>
__attribute__((always_inline)) inline T atomicCAS(T* address, std::type_identity_t<T> expected,
                                                  std::type_identity_t<T> value) {
  return lanet::simt::atomic_update(address, [&](T old) { return old == expected ? value : old; });
}

// One block runs at a time and its threads in turn: what is written is seen.
inline void __threadfence() {}
inline void __threadfence_block() {}
