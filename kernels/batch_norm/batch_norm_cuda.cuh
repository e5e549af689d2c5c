// What the passes of batch_norm share on CUDA: groups of images, the multiply-add that normalises,
// the strips of rows that blocks take, and the launch that joins the strips. The strips
// depend on the shape alone, and every sum has one order: the same bits on any device.
#pragma once

#include "core/round_up.h"
#include "kernels/batch_norm/batch_norm.h"
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
    strip_rows = round_up(least, kStripRows);
    strips = (rows + strip_rows - 1) / strip_rows;
  }
  dim3 grid(size_t members = 1) const {
    return dim3(static_cast<unsigned>(strips * tile_columns(channels)),
                static_cast<unsigned>(members));
  }

  __device__ int64_t first_row(int64_t strip) const { return strip * strip_rows; }
  __device__ int64_t rows_of(int64_t strip) const {
    return min(strip_rows, rows - first_row(strip));
  }
};

/// What each strip found out about each channel: up to three arrays [strips, channels] in the
/// workspace for each member of a group.
template <typename A>
struct StripSums {
  A *first, *second, *third;

  StripSums() = default;
  StripSums(void* workspace, const Strips& strips, int member = 0) {
    const int64_t elements = strips.strips * strips.channels;
    first = static_cast<A*>(workspace) + 3 * member * elements;
    second = first + elements;
    third = second + elements;
  }
};

/// Arguments of the members of a group: blocks with the same blockIdx.y work on one.
template <typename Member>
struct BatchNormGroup {
  Member members[kMaxBatchNorms];

  template <typename Args, typename F>
  BatchNormGroup(std::span<const Args> group, F&& member_of) {
    for (size_t i = 0; i < kMaxBatchNorms; ++i)
      members[i] = member_of(group[std::min(i, group.size() - 1)], static_cast<int>(i));
  }
  __device__ const Member& mine() const { return members[blockIdx.y]; }
};

/// An image that is normalised: x, or the second term's.
template <typename T>
struct BatchNormImage {
  using A = accumulate_t<T>;
  const T* x = nullptr;
  const A *mean = nullptr, *inv_std = nullptr, *weight = nullptr, *bias = nullptr;

  BatchNormImage() = default;
  template <typename Image>
  explicit BatchNormImage(const Image& image)
      : x(static_cast<const T*>(image.x.data)),
        mean(static_cast<const A*>(image.mean.data)),
        inv_std(static_cast<const A*>(image.inv_std.data)),
        weight(static_cast<const A*>(image.weight.data)),
        bias(static_cast<const A*>(image.bias.data)) {}
  /// True if packs of channels can be read of all.
  bool in_packs(int64_t channels) const {
    return cuda::channels_in_packs<T>(channels, {x, mean, inv_std, weight, bias});
  }
};

/// x·scale + shift of N channels: one multiply-add, hence one rounding, an element. The backward
/// pass finds y anew by the same operations.
template <typename T, int N>
struct BatchNormAffine {
  cuda::Values<N, T> scale, shift;

  /// variance: inv_std is to be made of what stands in its place.
  __device__ void load(const BatchNormImage<T>& image, int64_t channel, bool variance = false) {
    using A = accumulate_t<T>;
    const auto mean = cuda::load_values<N>(image.mean + channel);
    const auto spread = cuda::load_values<N>(image.inv_std + channel);
    scale = cuda::load_values<N>(image.weight + channel);
    shift = cuda::load_values<N>(image.bias + channel);
#pragma unroll
    for (int e = 0; e < N; ++e) {
      scale.value[e] *=
          variance ? 1 / sqrt(spread.value[e] + A(kBatchNormEpsilon)) : spread.value[e];
      shift.value[e] = fma(-mean.value[e], scale.value[e], shift.value[e]);
    }
  }
  __device__ accumulate_t<T> at(const cuda::Pack<T, N>& x, int e) const {
    return fma(cuda::load(&x.value[e]), scale.value[e], shift.value[e]);
  }
};

// The launch that joins the strips: a block takes 4 channels, and up to 128 threads a channel.
constexpr unsigned kJoinChannels = 4;
constexpr unsigned kMaxJoinThreads = 512;
constexpr int kMaxJoinWarps = kMaxJoinThreads / 32;
constexpr int kMaxJoinSlots = kMaxJoinThreads / kJoinChannels;
constexpr int kJoinRounds = (kMaxReduceBlocks + kMaxJoinSlots - 1) / kMaxJoinSlots;

inline dim3 join_grid(const Strips& strips, size_t members = 1) {
  return dim3(cuda::blocks_for(strips.channels, kJoinChannels), static_cast<unsigned>(members));
}
inline dim3 join_block(const Strips& strips) {
  unsigned threads = 32;
  while (threads < kMaxJoinThreads && threads < strips.strips * kJoinChannels) threads *= 2;
  return dim3(threads);
}

/// The strips that a thread joins: every slots-th from its slot on, at most kJoinRounds of them.
struct JoinThread {
  int channel, channels;
  int slot, slots, end;  // end: 0 for a channel that does not exist

  __device__ explicit JoinThread(const Strips& strips)
      : channel(static_cast<int>(blockIdx.x * kJoinChannels + threadIdx.x % kJoinChannels)),
        channels(static_cast<int>(strips.channels)),
        slot(static_cast<int>(threadIdx.x / kJoinChannels)),
        slots(static_cast<int>(blockDim.x / kJoinChannels)),
        end(channel < channels ? static_cast<int>(strips.strips) : 0) {}
  __device__ int strip(int round) const { return slot + round * slots; }
  /// Reads its strips' values of sums [strips, channels], 0 in the rounds past the end. All loads
  /// are independent, so they are in flight together.
  template <typename A>
  __device__ void read(const A* sums, A (&values)[kJoinRounds]) const {
#pragma unroll
    for (int round = 0; round < kJoinRounds; ++round)
      values[round] = strip(round) < end ? sums[strip(round) * channels + channel] : A(0);
  }
  /// True in the one thread that writes the channel's results.
  __device__ bool writes() const {
    return slot == 0 && end > 0;
  }
};

template <int kSums>
using JoinScratch = double[kMaxJoinWarps][kSums][kJoinChannels];

/// Each of `values` becomes its sum over the threads of the same channel, the same in all of them.
/// All threads of the block must call it, and none may read or write `scratch` afterwards.
template <int kSums>
__device__ inline void sum_over_slots(double (&values)[kSums], JoinScratch<kSums>& scratch) {
  const unsigned lane = threadIdx.x % 32, its_channel = lane % kJoinChannels;
  const auto sum_over_lanes = [&](double& value) {
    for (unsigned lanes = kJoinChannels; lanes < 32; lanes *= 2)
      value += __shfl_xor_sync(0xFFFFFFFFu, value, lanes);
  };
#pragma unroll
  for (int s = 0; s < kSums; ++s) {
    sum_over_lanes(values[s]);
    if (lane < kJoinChannels) scratch[threadIdx.x / 32][s][lane] = values[s];
  }
  __syncthreads();
#pragma unroll
  for (int s = 0; s < kSums; ++s) {
    values[s] = 0;
#pragma unroll
    for (int first = 0; first < kMaxJoinWarps; first += 32 / kJoinChannels) {
      const unsigned warp = first + lane / kJoinChannels;
      if (warp < blockDim.x / 32) values[s] += scratch[warp][s][its_channel];
    }
    sum_over_lanes(values[s]);
  }
}

/// sums[s] is set to the sum of arrays[s] [strips, channels] over the strips, 0 where it is null.
template <int kSums, typename A>
__device__ inline void join_strips(const JoinThread& thread, const A* const (&arrays)[kSums],
                                   JoinScratch<kSums>& scratch, double (&sums)[kSums]) {
  A values[kSums][kJoinRounds] = {};
#pragma unroll
  for (int s = 0; s < kSums; ++s)
    if (arrays[s]) thread.read(arrays[s], values[s]);
#pragma unroll
  for (int s = 0; s < kSums; ++s) {
    sums[s] = 0;
#pragma unroll
    for (int round = 0; round < kJoinRounds; ++round) sums[s] += double(values[s][round]);
  }
  sum_over_slots(sums, scratch);
}

}  // namespace lanet
