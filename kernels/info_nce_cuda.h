// The workspace of info_nce on CUDA.
#pragma once

#include <algorithm>

#include "core/context.h"
#include "core/round_up.h"

namespace lanet {

/// Where each array starts, in bytes.
struct InfoNceCudaLayout {
  size_t logits;    // [queries, rows]
  size_t slopes;    // [queries, keys]
  size_t losses;    // [queries]
  size_t gradient;  // [queries, width], while dq of bf16 is summed
  size_t tile;      // [tile_rows, width], rows of a bf16 bank as q's type
  size_t bytes;

  InfoNceCudaLayout(int64_t queries, int64_t keys, int64_t width, int64_t rows, DType dtype) {
    const size_t sum = size_of(accumulate_dtype(dtype));
    bytes = 0;
    auto take = [this](int64_t count, size_t size) {
      const size_t start = bytes;
      bytes += round_up(static_cast<size_t>(count) * size, 256);
      return start;
    };
    logits = take(queries * rows, sum);
    slopes = take(queries * keys, sum);
    losses = take(queries, sum);
    gradient = take(dtype == accumulate_dtype(dtype) ? 0 : queries * width, sum);
    tile = take(tile_rows(width, rows, dtype) * width, size_of(dtype));
  }

  /// Rows of a bf16 bank that are widened at a time: half a megabyte.
  static int64_t tile_rows(int64_t width, int64_t rows, DType dtype) {
    const int64_t row_bytes = width * static_cast<int64_t>(size_of(dtype));
    return std::clamp<int64_t>((int64_t{1} << 19) / row_bytes, 1, rows);
  }
};

}  // namespace lanet
