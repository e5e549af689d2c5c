// Packs: neighbouring elements that are read and written together, by 128-bit instructions.
#pragma once

namespace lanet::cuda {

/// N neighbouring elements of at least 16 bytes in all, at a multiple of 16 bytes; smaller packs at
/// a multiple of their size. A pack of one is a plain access.
template <typename T, int N>
struct alignas(sizeof(T) * N < 16 ? sizeof(T) * N : 16) Pack {
  static_assert((N & (N - 1)) == 0, "the elements of a pack are a power of two");
  T value[N];
};

template <int N, typename T>
__device__ inline Pack<T, N> load_pack(const T* p) {
  return *reinterpret_cast<const Pack<T, N>*>(p);
}
template <typename T, int N>
__device__ inline void store_pack(T* p, const Pack<T, N>& pack) {
  *reinterpret_cast<Pack<T, N>*>(p) = pack;
}

}  // namespace lanet::cuda
