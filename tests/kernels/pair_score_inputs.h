// What the tests of pair_score on every device compute with.
#pragma once

#include "kernels/pair_score.h"
#include "kernels/pair_score_cases.h"
#include "tests/op_test.h"

namespace lanet::test {

struct PairScoreInputs {
  OwnedTensor h, indices, weight0, bias0, weight2, bias2, weight4, bias4, dscores;
  int64_t first_row = 0;

  PairScoreInputs(const PairScoreCase& c, DType dtype)
      : h(OwnedTensor::random({c.n, c.d}, dtype, 1)),
        indices({c.n, c.k}, DType::i32),
        weight0(OwnedTensor::random({c.d / 2, c.d}, dtype, 2, -bound(c.d), bound(c.d))),
        bias0(OwnedTensor::random({c.d / 2}, dtype, 3, -0.3, 1)),
        weight2(OwnedTensor::random({c.d / 4, c.d / 2}, dtype, 4, -bound(c.d / 2), bound(c.d / 2))),
        bias2(OwnedTensor::random({c.d / 4}, dtype, 5, -0.3, 1)),
        weight4(OwnedTensor::random({2, c.d / 4}, dtype, 6)),
        bias4(OwnedTensor::random({2}, dtype, 7)),
        dscores(OwnedTensor::random({c.n, c.k}, dtype, 8)) {
    // Some samples are chosen often, some never; and a sample's neighbours differ.
    indices.fill([&](int64_t e) { return (e / c.k / 2 + 1 + e % c.k) % c.n; });
  }
  static double bound(int64_t inputs) { return 2 / std::sqrt(static_cast<double>(inputs)); }

  /// h and the weights: what has a gradient.
  std::vector<OwnedTensor*> parameters() {
    return {&h, &weight0, &bias0, &weight2, &bias2, &weight4, &bias4};
  }
  /// The same, with the pairs of a range of the rows only.
  PairScoreInputs part(const RowRange& range) const {
    PairScoreInputs other = *this;
    other.indices = indices.rows(range);
    other.dscores = dscores.rows(range);
    other.first_row = range.first;
    return other;
  }
  PairScoreInputs cast(DType dtype) const {
    PairScoreInputs other = *this;
    for (OwnedTensor* tensor : other.parameters()) *tensor = tensor->cast(dtype);
    other.dscores = dscores.cast(dtype);
    return other;
  }
};

}  // namespace lanet::test
