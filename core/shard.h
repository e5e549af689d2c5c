// Which part of every batch a process has.
#pragma once

#include "core/tensor.h"

namespace lanet {

/// One of how many equal parts.
struct Shard {
  int rank = 0, ranks = 1;

  /// Its rows of a batch, and where they begin.
  int64_t rows(int64_t batch) const {
    LANET_REQUIRE(batch % ranks == 0, "a batch of {} for {} ranks", batch, ranks);
    return batch / ranks;
  }
  int64_t first_row(int64_t batch) const { return rank * rows(batch); }
  /// This rank's rows of [B, ...].
  Tensor of(const Tensor& batch) const {
    return batch.rows(first_row(batch.shape[0]), rows(batch.shape[0]));
  }
};

}  // namespace lanet
