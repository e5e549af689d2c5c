// Softmax of one row, for the losses on logits.
#pragma once

#include <algorithm>
#include <cmath>

#include "core/dtype.h"

namespace lanet {

/// What softmax(row) divides by, as logarithms. The largest element is taken off first: nothing
/// overflows, and the probability of a clear winner keeps its digits.
template <typename A>
struct SoftmaxRow {
  A largest;
  A log_sum;  // log Σ exp(row_c − largest), ≥ 0

  /// log softmax of the element whose value is x.
  A log_probability(A x) const { return (x - largest) - log_sum; }
};

/// width ≥ 1.
template <typename T>
SoftmaxRow<accumulate_t<T>> softmax_row(const T* row, int64_t width) {
  using A = accumulate_t<T>;
  A largest = A(row[0]);
  for (int64_t c = 1; c < width; ++c) largest = std::max(largest, A(row[c]));
  A sum = 0;
  for (int64_t c = 0; c < width; ++c) sum += std::exp(A(row[c]) - largest);
  return {largest, std::log(sum)};
}

}  // namespace lanet
