// The workspace of augment on CUDA.
#pragma once

#include "core/context.h"

namespace lanet {

/// For a batch of pictures of size x size pixels: the pictures between the two passes, then the
/// sum of grey of each of their tiles. Offsets in bytes.
struct AugmentCudaLayout {
  static constexpr int kTileWidth = 64, kTileHeight = 16;  // the part of a picture of one block

  size_t grey_sums, bytes;

  AugmentCudaLayout(int64_t size, int64_t batch) {
    const int64_t across = (size + kTileWidth - 1) / kTileWidth;
    const int64_t down = (size + kTileHeight - 1) / kTileHeight;
    grey_sums = (static_cast<size_t>(batch * size * size * 3) + 255) / 256 * 256;
    bytes = grey_sums + static_cast<size_t>(batch * across * down) * sizeof(int32_t);
  }
};

}  // namespace lanet
