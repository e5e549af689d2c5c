#include "core/shard.h"

namespace lanet {

Tensor Shard::of(const Tensor& batch) const {
  Tensor part = batch;
  const int64_t count = rows(batch.shape[0]), width = batch.elements() / batch.shape[0];
  part.data = static_cast<std::byte*>(batch.data) +
              static_cast<size_t>(rank * count * width) * size_of(batch.dtype);
  switch (batch.shape.rank()) {
    case 1:
      part.shape = {count};
      break;
    case 2:
      part.shape = {count, batch.shape[1]};
      break;
    case 3:
      part.shape = {count, batch.shape[1], batch.shape[2]};
      break;
    default:
      part.shape = {count, batch.shape[1], batch.shape[2], batch.shape[3]};
  }
  return part;
}

}  // namespace lanet
