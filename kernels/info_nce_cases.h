// Sizes and tensors for the tests and the benchmark of info_nce.
#pragma once

#include <cmath>

#include "core/owned_tensor.h"
#include "kernels/info_nce.h"

namespace lanet {

struct InfoNceCase {
  int64_t queries, width, bank_rows;
  int num_labels;  // of the classes that several samples share
  double temperature;
  bool bench = false;
};
inline constexpr InfoNceCase kInfoNceCases[] = {
    {1, 3, 2, 2, 0.1},
    {5, 7, 19, 2, 0.1},
    {9, 16, 33, 3, 0.02},
    {33, 20, 1500, 4, 0.1},  // more rows than one tile of the fast path, and a part of a tile
    {64, 64, 8192, 7, 0.1, true},
    {128, 64, 8192, 7, 0.1, true},
    {128, 256, 8192, 7, 0.1, true},
};

/// What it reads and writes.
struct InfoNceTensors {
  OwnedTensor q, k, bank, labels, bank_labels, loss, dq;
  double temperature, scale = 1;
  int64_t first_row = 0;
  bool added = false;  ///< to loss and gradient

  /// Labels: classes shared by several samples, and of every third sample one of its own. Bank
  /// labels: those classes, with rows that match nothing and rows of uncertain samples.
  InfoNceTensors(const InfoNceCase& c, DType dtype, DType bank_dtype,
                 Context& context = host_context())
      : temperature(c.temperature) {
    q = unit_rows(context, {c.queries, c.width}, dtype, 1);
    k = unit_rows(context, {c.queries, c.width}, dtype, 2);
    bank = unit_rows(context, {c.bank_rows, c.width}, bank_dtype, 3);
    labels = OwnedTensor(context, {c.queries}, DType::i32,
                         [&](int64_t i) { return i % 3 == 2 ? -(i + 1) : i * i % c.num_labels; });
    bank_labels = OwnedTensor(context, {c.bank_rows}, DType::i32, [&](int64_t m) {
      return m % 5 == 4 ? kNoLabel : m % 7 == 5 ? -(m % 9 + 1) : m % c.num_labels;
    });
    loss = OwnedTensor(context, {1}, accumulate_dtype(dtype));
    dq = OwnedTensor(context, q.shape(), dtype);
  }
  explicit InfoNceTensors(const InfoNceCase& c, DType dtype = DType::f64)
      : InfoNceTensors(c, dtype, dtype) {}
  /// Random rows of length 1.
  static OwnedTensor unit_rows(Context& context, const Shape& shape, DType dtype, uint32_t seed) {
    return random_rows(context, shape, dtype, seed, -1, 1, [](std::vector<double>& row) {
      double squares = 0;
      for (const double x : row) squares += x * x;
      for (double& x : row) x /= std::sqrt(squares);
    });
  }
  std::vector<OwnedTensor*> all() { return {&q, &k, &bank, &labels, &bank_labels, &loss, &dq}; }
  /// The same on the host, with the queries of a range of the rows only.
  InfoNceTensors part(const RowRange& range) const {
    InfoNceTensors other = *this;
    other.q = q.rows(range);
    other.dq = dq.rows(range);
    other.first_row = range.first;
    return other;
  }
  int64_t queries() const { return q.shape()[0]; }
  int64_t keys() const { return k.shape()[0]; }
  int64_t width() const { return q.shape()[1]; }
  int64_t rows() const { return bank.shape()[0]; }
  size_t workspace_bytes() const {
    return info_nce_workspace_bytes(queries(), keys(), width(), rows(), q.dtype());
  }
  InfoNceArgs args() const {
    return {.q = q,
            .k = k,
            .bank = bank,
            .labels = labels,
            .bank_labels = bank_labels,
            .loss = loss,
            .dq = {dq, added},
            .temperature = temperature,
            .scale = scale,
            .add_loss = added,
            .first_row = first_row};
  }
};

}  // namespace lanet
