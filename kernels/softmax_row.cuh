// Softmax of one row by one warp, for the losses on logits. softmax_row.h is the same for the CPU.
#pragma once

#include "core/cuda/device.cuh"

namespace lanet {

template <typename A>
struct WarpSoftmax {
  A largest;
  A log_sum;  // log Σ exp(row_c − largest), ≥ 0

  /// log softmax of the element whose value is x.
  __device__ A log_probability(A x) const { return (x - largest) - log_sum; }
};

/// The same in each lane; lane l reads the elements l, l + 32, … All lanes must call it. width ≥ 1.
template <typename T>
__device__ inline WarpSoftmax<accumulate_t<T>> warp_softmax(const T* row, int64_t width) {
  using A = accumulate_t<T>;
  const unsigned lane = threadIdx.x % 32;
  A largest = cuda::load(row);
  for (int64_t c = lane; c < width; c += 32) largest = max(largest, cuda::load(row + c));
  largest = cuda::warp_max(largest);
  A sum = 0;
  for (int64_t c = lane; c < width; c += 32) sum += exp(cuda::load(row + c) - largest);
  return {largest, log(cuda::warp_sum(sum))};
}

constexpr unsigned kClassLossThreads = 512;

/// The sum over the warps of a block of kClassLossThreads, each giving one value that all its lanes
/// hold. In the order of the warps; right in every thread. All threads must call it, once.
template <typename A>
__device__ inline A sum_over_warps(A value) {
  __shared__ A of_warp[kClassLossThreads / 32];
  if (threadIdx.x % 32 == 0) of_warp[threadIdx.x / 32] = value;
  __syncthreads();
  A sum = 0;
  for (unsigned warp = 0; warp < kClassLossThreads / 32; ++warp) sum += of_warp[warp];
  return sum;
}

}  // namespace lanet
