// What the tests of info_nce on every device compute with.
#pragma once

#include "kernels/info_nce.h"
#include "kernels/info_nce_cases.h"
#include "kernels/l2_normalize.h"
#include "tests/op_test.h"

namespace lanet::test {

inline OwnedTensor unit_rows(const OwnedTensor& x) {
  Context context;
  OwnedTensor y(x.shape(), x.dtype());
  OwnedTensor norm({x.shape()[0]}, accumulate_dtype(x.dtype()));
  l2_normalize(context, {.x = x, .y = y, .norm = norm});
  return y;
}

struct InfoNceInputs {
  OwnedTensor q, k, bank, labels, bank_labels;
  double temperature;
  int64_t first_row = 0;

  /// Labels: classes shared by several samples, and of every third sample one of its own. Bank
  /// labels: those classes, with rows that match nothing and rows of uncertain samples.
  explicit InfoNceInputs(const InfoNceCase& c)
      : q(unit_rows(OwnedTensor::random({c.queries, c.width}, DType::f64, 1))),
        k(unit_rows(OwnedTensor::random({c.queries, c.width}, DType::f64, 2))),
        bank(unit_rows(OwnedTensor::random({c.bank_rows, c.width}, DType::f64, 3))),
        labels({c.queries}, DType::i32),
        bank_labels({c.bank_rows}, DType::i32),
        temperature(c.temperature) {
    labels.fill([&](int64_t i) { return i % 3 == 2 ? -(i + 1) : i * i % c.num_labels; });
    bank_labels.fill([&](int64_t m) {
      return m % 5 == 4 ? kNoLabel : m % 7 == 5 ? -(m % 9 + 1) : m % c.num_labels;
    });
  }
  /// The same, with the queries of a range of the rows only.
  InfoNceInputs part(const RowRange& range) const {
    InfoNceInputs other = *this;
    other.q = q.rows(range);
    other.first_row = range.first;
    return other;
  }
  InfoNceInputs cast(DType dtype, DType bank_dtype) const {
    InfoNceInputs other = *this;
    other.q = q.cast(dtype);
    other.k = k.cast(dtype);
    other.bank = bank.cast(bank_dtype);
    return other;
  }
  int64_t queries() const { return q.shape()[0]; }
  int64_t keys() const { return k.shape()[0]; }
  int64_t width() const { return q.shape()[1]; }
  int64_t rows() const { return bank.shape()[0]; }
  size_t workspace_bytes() const {
    return info_nce_workspace_bytes(queries(), keys(), width(), rows(), q.dtype());
  }
};

}  // namespace lanet::test
