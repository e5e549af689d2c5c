// Checks of arguments that several operations share.
#pragma once

#include "core/tensor.h"

namespace lanet {

/// Requires a tensor of this rank that is not empty.
inline void require_rank(const Tensor& tensor, int rank, const char* name) {
  LANET_REQUIRE(tensor && tensor.shape.rank() == rank && tensor.elements() > 0, "{} is {}", name,
                tensor.shape);
}

/// Requires every element of an i32 tensor in host memory to be in [0, limit): an index out of
/// range must be an error, not a stray read.
inline void require_indices(const Tensor& indices, int64_t limit, const char* name) {
  const int32_t* index = indices.as<int32_t>();
  for (int64_t i = 0; i < indices.elements(); ++i) {
    LANET_REQUIRE(index[i] >= 0 && index[i] < limit, "{}[{}] is {}; expected 0 to {}", name, i,
                  index[i], limit - 1);
  }
}

/// Requires [first_row, first_row + num_rows) to be a range of the n rows.
inline void require_row_range(int64_t first_row, int64_t num_rows, int64_t n) {
  LANET_REQUIRE(first_row >= 0 && num_rows >= 1 && num_rows <= n && first_row <= n - num_rows,
                "{} rows from row {} on, out of {}", num_rows, first_row, n);
}

/// Requires a gradient to be absent or of this shape and dtype.
inline void require_gradient(const Gradient& gradient, const Shape& shape, DType dtype,
                             const char* name) {
  if (gradient) require_tensor(gradient.tensor, shape, dtype, name);
}

}  // namespace lanet
