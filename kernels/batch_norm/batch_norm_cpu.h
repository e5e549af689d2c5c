// What the passes of batch_norm share on the CPU. Rows are cut into blocks that stay in the
// first-level cache, and blocks into parts that threads take. The cuts depend on the shape alone,
// so the sums do not depend on the number of threads.
#pragma once

#include <omp.h>

#include <algorithm>

#include "core/round_up.h"
#include "kernels/batch_norm/batch_norm.h"
#include "kernels/rounding.h"

namespace lanet {

constexpr int64_t kBlockElements = 4096;
constexpr int64_t kMinBlockRows = 8;
constexpr int64_t kMinPartBlocks = 4;
constexpr int64_t kMaxParts = 64;
/// Channels whose coefficients a thread keeps on its stack at a time.
constexpr int64_t kChannelChunk = 512;

/// The cuts of a tensor seen as [rows, channels].
struct Cuts {
  int64_t channels, rows, block_rows, blocks, parts;

  explicit Cuts(const Shape& x)
      : channels(x.back()),
        rows(x.elements() / channels),
        block_rows(std::max(kMinBlockRows, kBlockElements / channels)),
        blocks((rows + block_rows - 1) / block_rows),
        parts(std::clamp<int64_t>(blocks / kMinPartBlocks, 1, kMaxParts)) {}
  int64_t first_block(int64_t part) const { return blocks * part / parts; }
  int64_t first_row(int64_t block) const { return std::min(rows, block * block_rows); }
};

/// What one part sums, in the workspace: three sums in double, and three of the current block.
struct PartSums {
  double *first, *second, *third;
  float *block_first, *block_second, *block_third;

  /// Of one part; the next one's doubles lie where doubles may.
  static size_t bytes(int64_t channels) {
    return round_up(channels * 3 * (sizeof(double) + sizeof(float)), 64);
  }
  PartSums(void* workspace, int64_t part, int64_t channels) {
    first = reinterpret_cast<double*>(static_cast<std::byte*>(workspace) + part * bytes(channels));
    second = first + channels;
    third = second + channels;
    block_first = reinterpret_cast<float*>(third + channels);
    block_second = block_first + channels;
    block_third = block_second + channels;
  }
};

/// Calls f.template operator()<a, b>(), so that loops hold no branches.
template <typename F>
void with_flags(bool a, bool b, F&& f) {
  if (a && b)
    f.template operator()<true, true>();
  else if (a)
    f.template operator()<true, false>();
  else if (b)
    f.template operator()<false, true>();
  else
    f.template operator()<false, false>();
}

/// Calls f(first row, last row + 1, first channel, number of channels): each thread takes a range
/// of rows, and the channels in chunks.
template <typename F>
void for_each_chunk(const Cuts& cuts, F&& f) {
#pragma omp parallel
  {
    const int64_t thread = omp_get_thread_num(), threads = omp_get_num_threads();
    const int64_t first = cuts.rows * thread / threads, last = cuts.rows * (thread + 1) / threads;
    for (int64_t c = 0; c < cuts.channels; c += kChannelChunk)
      f(first, last, c, std::min(kChannelChunk, cuts.channels - c));
  }
}

/// What normalises a chunk of channels: x·scale + shift, one multiply-add, hence one rounding, an
/// element.
struct ChunkAffine {
  float scale[kChannelChunk], shift[kChannelChunk];

  /// inv_std(image, channel) may come from a variance.
  template <typename Image, typename InvStd>
  void load(const Image& image, InvStd&& inv_std, int64_t start, int64_t count) {
    const float *mean = image.mean.template as<float>() + start,
                *weight = image.weight.template as<float>() + start,
                *bias = image.bias.template as<float>() + start;
    for (int64_t c = 0; c < count; ++c) {
      scale[c] = weight[c] * inv_std(image, start + c);
      shift[c] = float(double(bias[c]) - double(mean[c]) * double(scale[c]));
    }
  }
};

/// inv_std as it is given.
inline constexpr auto kGivenInvStd = [](const auto& image, int64_t c) {
  return image.inv_std.template as<float>()[c];
};

}  // namespace lanet
