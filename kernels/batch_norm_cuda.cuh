// What the reductions of batch_norm share on CUDA: the strips of rows that blocks take, the
// workspace of two sums a strip and channel, and the launch that joins the strips. The strips
// depend on the shape alone, and every sum has one order: the same bits on any device.
#pragma once

#include "kernels/channel_tile.cuh"

namespace lanet {

constexpr int64_t kStripRows = 128;        // a strip has a multiple of these
constexpr int64_t kMaxReduceBlocks = 792;  // whole rounds of two or three on 132 processors

/// The strips of rows of an image seen as [rows, channels].
struct Strips {
  int64_t channels, rows, strip_rows, strips;

  explicit Strips(const Shape& x) : channels(x.back()), rows(x.elements() / channels) {
    const int64_t most = std::max<int64_t>(1, kMaxReduceBlocks / tile_columns(channels));
    const int64_t wanted = std::clamp<int64_t>(rows / kStripRows, 1, most);
    const int64_t least = (rows + wanted - 1) / wanted;
    strip_rows = (least + kStripRows - 1) / kStripRows * kStripRows;
    strips = (rows + strip_rows - 1) / strip_rows;
  }
  dim3 grid() const { return dim3(static_cast<unsigned>(strips * tile_columns(channels))); }
  __device__ int64_t first_row(int64_t strip) const { return strip * strip_rows; }
  __device__ int64_t rows_of(int64_t strip) const {
    return min(strip_rows, rows - first_row(strip));
  }
};

/// What each strip found out about each channel: two arrays [strips, channels] in the workspace.
template <typename A>
struct StripSums {
  A* first;
  A* second;

  StripSums(void* workspace, const Strips& strips)
      : first(static_cast<A*>(workspace)), second(first + strips.strips * strips.channels) {}
};

// The launch that joins the strips: a block takes 8 channels, and up to 64 threads a channel.
constexpr unsigned kJoinChannels = 8;
constexpr unsigned kMaxJoinThreads = 512;
using JoinScratch = double[kMaxJoinThreads / 32][kJoinChannels];

inline dim3 join_block(const Strips& strips) {
  unsigned threads = 32;
  while (threads < kMaxJoinThreads && threads < strips.strips * kJoinChannels) threads *= 2;
  return dim3(threads);
}

/// The sum of `value` over the threads with the same threadIdx.x % kJoinChannels, the same in each.
/// All threads of the block must call it. `scratch` is free again when it returns.
__device__ inline double sum_over_groups(double value, JoinScratch& scratch) {
  for (unsigned lanes = kJoinChannels; lanes < 32; lanes *= 2)
    value += __shfl_xor_sync(0xFFFFFFFFu, value, lanes);
  if (threadIdx.x % 32 < kJoinChannels) scratch[threadIdx.x / 32][threadIdx.x % 32] = value;
  __syncthreads();
  double sum = 0;
  for (unsigned warp = 0; warp < blockDim.x / 32; ++warp)
    sum += scratch[warp][threadIdx.x % kJoinChannels];
  __syncthreads();
  return sum;
}

}  // namespace lanet
