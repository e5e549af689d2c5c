// The workspace of augment on CUDA.
#pragma once

#include "core/context.h"
#include "core/round_up.h"

namespace lanet {

/// For a batch of pictures of size x size pixels, what one launch leaves for the next: the
/// pictures between the two passes, one word per pixel; the weights of each column and row; the sum
/// of grey of each strip. Offsets in bytes.
struct AugmentCudaLayout {
  static constexpr int kTileWidth = 32, kTileHeight = 64;  // the part of a picture of one block
  static constexpr int kStripHeight = 16;                  // the part of a tile of one warp
  static constexpr int kStripsPerTile = kTileHeight / kStripHeight;
  static constexpr int kTapsBytes = 32;  // the weights of one column or row

  size_t taps, grey_sums, bytes;

  AugmentCudaLayout(int64_t size, int64_t batch) {
    const int64_t across = (size + kTileWidth - 1) / kTileWidth;
    const int64_t down = (size + kTileHeight - 1) / kTileHeight * kStripsPerTile;
    taps = round_up(static_cast<size_t>(batch * size * size) * sizeof(uint32_t), 256);
    grey_sums = taps + static_cast<size_t>(batch * 2 * size) * kTapsBytes;
    bytes = grey_sums + static_cast<size_t>(batch * across * down) * sizeof(int32_t);
  }
};

}  // namespace lanet
