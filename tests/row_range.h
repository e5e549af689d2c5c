// Some of the rows of a tensor, as a rank has them of a batch.
#pragma once

#include "core/tensor.h"

namespace lanet::test {

struct RowRange {
  int64_t first, rows;
};

/// A view of these rows.
inline Tensor rows_of(const Tensor& whole, const RowRange& range) {
  Tensor part = whole;
  const int64_t width = whole.elements() / whole.shape[0];
  part.shape = whole.shape.rank() == 1 ? Shape{range.rows} : Shape{range.rows, width};
  part.data = static_cast<std::byte*>(whole.data) +
              range.first * width * static_cast<int64_t>(size_of(whole.dtype));
  return part;
}

}  // namespace lanet::test
