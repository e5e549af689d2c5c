// The ladder's tools: guarded tensors filled with NaN, comparison, central differences.
#pragma once

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "core/context.h"
#include "core/rng.h"

namespace lanet::test {

/// An owned tensor with guard words before and behind it. Filled with NaN (integers: 0x7F bytes),
/// so that an element nobody wrote shows.
class HostTensor {
 public:
  HostTensor(const Shape& shape, DType dtype)
      : storage_(shape.elements() * size_of(dtype) + 2 * kGuardBytes, kGuard) {
    view_ = {storage_.data() + kGuardBytes, shape, dtype, Device::cpu};
    if (dtype == DType::i32 || dtype == DType::u8) {
      std::memset(view_.data, 0x7F, view_.bytes());
    } else {
      fill([](int64_t) { return std::numeric_limits<double>::quiet_NaN(); });
    }
  }
  HostTensor(const HostTensor& other) : storage_(other.storage_), view_(other.view_) {
    view_.data = storage_.data() + kGuardBytes;
  }
  HostTensor(HostTensor&&) = default;
  HostTensor& operator=(HostTensor other) {
    storage_.swap(other.storage_);
    view_ = other.view_;
    return *this;
  }
  /// Uniform values in [lo, hi) that depend on `seed` alone; rounded to the dtype.
  static HostTensor random(const Shape& shape, DType dtype, uint32_t seed, double lo = -1,
                           double hi = 1) {
    HostTensor tensor(shape, dtype);
    RandomStream stream(seed, Purpose::test);
    tensor.fill([&](int64_t) { return lo + (hi - lo) * stream.uniform(); });
    return tensor;
  }
  /// The same values in another dtype (rounded where it is narrower).
  HostTensor cast(DType dtype) const {
    HostTensor other(view_.shape, dtype);
    other.fill([&](int64_t i) { return at(i); });
    return other;
  }
  HostTensor copy() const { return cast(view_.dtype); }
  HostTensor scaled(double factor) const {
    HostTensor other(view_.shape, view_.dtype);
    other.fill([&](int64_t i) { return factor * at(i); });
    return other;
  }

  template <typename F>
  void fill(F&& value_at) {
    for (int64_t i = 0; i < elements(); ++i) set(i, value_at(i));
  }
  double at(int64_t i) const {
    switch (view_.dtype) {
      case DType::f32:
        return view_.as<float>()[i];
      case DType::bf16:
        return view_.as<bfloat16>()[i];
      case DType::f64:
        return view_.as<double>()[i];
      case DType::i32:
        return view_.as<int32_t>()[i];
      case DType::u8:
        return view_.as<uint8_t>()[i];
    }
    return 0;
  }
  void set(int64_t i, double value) {
    switch (view_.dtype) {
      case DType::f32:
        view_.as<float>()[i] = static_cast<float>(value);
        break;
      case DType::bf16:
        view_.as<bfloat16>()[i] = bfloat16(value);
        break;
      case DType::f64:
        view_.as<double>()[i] = value;
        break;
      case DType::i32:
        view_.as<int32_t>()[i] = static_cast<int32_t>(value);
        break;
      case DType::u8:
        view_.as<uint8_t>()[i] = static_cast<uint8_t>(value);
        break;
    }
  }
  int64_t elements() const { return view_.elements(); }
  const Tensor& tensor() const { return view_; }
  operator const Tensor&() const { return view_; }

  /// True if nothing was written outside the tensor.
  bool guards_intact() const {
    for (size_t i = 0; i < kGuardBytes; ++i) {
      if (storage_[i] != kGuard || storage_[storage_.size() - 1 - i] != kGuard) return false;
    }
    return true;
  }
  bool bits_equal(const HostTensor& other) const {
    return view_.bytes() == other.view_.bytes() &&
           std::memcmp(view_.data, other.view_.data, view_.bytes()) == 0;
  }

 private:
  static constexpr size_t kGuardBytes = 64;
  static constexpr unsigned char kGuard = 0xA5;
  std::vector<unsigned char> storage_;
  Tensor view_;
};

struct RowRange {
  int64_t first, count;
};

/// Three uneven ranges that make up n ≥ 3 rows, one of them of a single row.
inline std::vector<RowRange> split_rows(int64_t n) {
  const int64_t third = n / 3;
  return {{0, third}, {third, 1}, {third + 1, n - third - 1}};
}

/// A range of the rows of a matrix.
inline HostTensor rows_of(const HostTensor& matrix, const RowRange& range) {
  const int64_t width = matrix.tensor().shape[1];
  HostTensor rows({range.count, width}, matrix.tensor().dtype);
  rows.fill([&](int64_t e) { return matrix.at(range.first * width + e); });
  return rows;
}

/// The same as a view of a tensor of any rank, its rows seen as one dimension.
inline Tensor view_rows(const Tensor& whole, const RowRange& range) {
  const int64_t width = whole.elements() / whole.shape[0];
  return {static_cast<std::byte*>(whole.data) +
              range.first * width * static_cast<int64_t>(size_of(whole.dtype)),
          whole.shape.rank() == 1 ? Shape{range.count} : Shape{range.count, width}, whole.dtype,
          whole.device};
}

/// max|a − b| / max|b|; infinite if anything in `a` is not finite.
inline double relative_error(const HostTensor& a, const HostTensor& b) {
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
inline double gradient_error(HostTensor& x, const HostTensor& analytic,
                             const std::function<double()>& loss, double step = 1e-5) {
  REQUIRE(x.tensor().dtype == DType::f64);
  HostTensor numeric(x.tensor().shape, DType::f64);
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
inline double dot(const HostTensor& a, const HostTensor& b) {
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
