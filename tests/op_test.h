// The ladder's tools: comparison, central differences.
#pragma once

#include <doctest/doctest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "core/owned_tensor.h"

namespace lanet::test {

/// Three uneven ranges that make up n ≥ 3 rows, one of them of a single row.
inline std::vector<RowRange> split_rows(int64_t n) {
  const int64_t third = n / 3;
  return {{0, third}, {third, 1}, {third + 1, n - third - 1}};
}

/// A range of the rows of a tensor of any rank, in place; a row is one dimension.
inline Tensor view_rows(const Tensor& whole, const RowRange& range) {
  const int64_t width = whole.elements() / whole.shape[0];
  return {static_cast<std::byte*>(whole.data) +
              range.first * width * static_cast<int64_t>(size_of(whole.dtype)),
          whole.shape.rank() == 1 ? Shape{range.count} : Shape{range.count, width}, whole.dtype,
          whole.device};
}

/// max|a − b| / max|b|; infinite if anything in `a` is not finite.
inline double relative_error(const OwnedTensor& a, const OwnedTensor& b) {
  REQUIRE(a.elements() == b.elements());
  double difference = 0, largest = 0;
  for (int64_t i = 0; i < a.elements(); ++i) {
    if (!std::isfinite(a.at(i))) return std::numeric_limits<double>::infinity();
    difference = std::max(difference, std::abs(a.at(i) - b.at(i)));
    largest = std::max(largest, std::abs(b.at(i)));
  }
  return largest > 0 ? difference / largest : difference;
}

/// Ladder step 1. Compares the gradient `analytic` of `loss` with central differences by each
/// element of `x` (f64); returns max|analytic − numeric| / max|numeric|. `loss` reads x.
inline double gradient_error(OwnedTensor& x, const OwnedTensor& analytic,
                             const std::function<double()>& loss, double step = 1e-5) {
  REQUIRE(x.dtype() == DType::f64);
  OwnedTensor numeric(x.shape(), DType::f64);
  for (int64_t i = 0; i < x.elements(); ++i) {
    const double kept = x.at(i);
    x.set(i, kept + step);
    const double above = loss();
    x.set(i, kept - step);
    const double below = loss();
    x.set(i, kept);
    numeric.set(i, (above - below) / (2 * step));
  }
  return relative_error(analytic, numeric);
}

/// Σ a_i·b_i: with b random, a scalar whose gradient by a is b.
inline double dot(const OwnedTensor& a, const OwnedTensor& b) {
  double sum = 0;
  for (int64_t i = 0; i < a.elements(); ++i) sum += a.at(i) * b.at(i);
  return sum;
}

/// A bound for max|a−b|/max|b| after sums over `terms` products in this dtype: a few ulp·√terms.
inline double rounding_bound(DType dtype, int64_t terms, double factor = 8) {
  const double ulp = dtype == DType::f64 ? 0x1p-52 : dtype == DType::f32 ? 0x1p-23 : 0x1p-8;
  // bf16 operations sum in float: only what is stored is rounded to bf16.
  const double growth = dtype == DType::bf16 ? 1.0 : std::sqrt(static_cast<double>(terms));
  return factor * ulp * growth;
}

}  // namespace lanet::test
