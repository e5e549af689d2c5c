// How blocks of threads cover an image seen as [rows, channels]: in tiles of up to 64 channels.
// Neighbouring threads hold neighbouring packs of channels, then the next row, so that a block
// reads whole lines of memory, and a thread keeps to its channels while it walks down the rows.
#pragma once

#include <algorithm>

#include "core/cuda/launch.h"
#include "core/cuda/values.cuh"

namespace lanet {

constexpr int64_t kTileChannels = 64;
constexpr unsigned kTileThreads = 256;

/// threadIdx.x is the pack of `width` channels within the tile, threadIdx.y the row.
inline dim3 tile_block(int64_t channels, int width) {
  const auto packs = static_cast<unsigned>((std::min(channels, kTileChannels) + width - 1) / width);
  return dim3(packs, kTileThreads / packs);
}

/// The tiles side by side that cover all channels.
inline unsigned tile_columns(int64_t channels) {
  return cuda::blocks_for(channels, kTileChannels);
}

/// The grid of such blocks whose threads take `rows_each` rows; members: images side by side.
inline dim3 tile_grid(int64_t rows, int64_t channels, const dim3& block, int rows_each,
                      size_t members = 1) {
  const int64_t strips = cuda::blocks_for(rows, rows_each * block.y);
  return dim3(cuda::blocks_for(strips * tile_columns(channels), 1), static_cast<unsigned>(members));
}

/// Where the calling block's tile lies, in a grid of tile_columns() times any number of strips of
/// rows: neighbouring blocks take neighbouring channels.
struct TilePlace {
  int64_t first_channel, strip;
};
__device__ inline TilePlace tile_place(int64_t channels) {
  const auto columns = static_cast<unsigned>((channels + kTileChannels - 1) / kTileChannels);
  return {int64_t{blockIdx.x % columns} * kTileChannels, int64_t{blockIdx.x / columns}};
}

}  // namespace lanet
