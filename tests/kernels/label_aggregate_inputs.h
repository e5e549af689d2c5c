// What the tests of label_aggregate on every device compute with.
#pragma once

#include "kernels/label_aggregate.h"
#include "kernels/label_aggregate_cases.h"
#include "tests/op_test.h"

namespace lanet::test {

/// Neighbours of a sample: k different positions that are not its own.
inline OwnedTensor neighbours(int64_t n, int64_t k, int64_t stride) {
  OwnedTensor indices({n, k}, DType::i32);
  indices.fill([&](int64_t e) { return (e / k + 1 + e % k * stride) % n; });
  return indices;
}

struct LabelAggregateInputs {
  OwnedTensor scores_expression, indices_expression, scores_landmark, indices_landmark;
  OwnedTensor logits, samples, bank, dtarget;

  LabelAggregateInputs(const LabelAggregateCase& c, DType dtype)
      : scores_expression(OwnedTensor::random({c.n, c.k}, dtype, 1, 0.05, 1)),
        indices_expression(neighbours(c.n, c.k, 1)),
        scores_landmark(OwnedTensor::random({c.n, c.k}, dtype, 2, 0.05, 1)),
        indices_landmark(neighbours(c.n, c.k, c.n > 20 ? 3 : 2)),
        logits(OwnedTensor::random({c.n, c.classes}, dtype, 3, -3, 3)),
        samples({c.n}, DType::i32),
        bank(OwnedTensor::random({c.samples, c.classes}, dtype, 4, 0, 1)),
        dtarget(OwnedTensor::random({c.n, c.classes}, dtype, 5)) {
    samples.fill([&](int64_t i) { return (3 * i + 1) % c.samples; });
  }
  LabelAggregateInputs cast(DType dtype) const {
    LabelAggregateInputs other = *this;
    for (OwnedTensor LabelAggregateInputs::*member :
         {&LabelAggregateInputs::scores_expression, &LabelAggregateInputs::scores_landmark,
          &LabelAggregateInputs::logits, &LabelAggregateInputs::bank,
          &LabelAggregateInputs::dtarget})
      other.*member = (this->*member).cast(dtype);
    return other;
  }
};

/// What forward and backward pass write; of a range of rows, each in its place.
struct LabelAggregateRun {
  OwnedTensor probabilities, target, dscores_expression, dscores_landmark, dlogits;
};

/// Uneven ranges that make up the case, one of a single row.
constexpr LabelAggregateCase kRangesCase{33, 8, 5, 50};
constexpr RowRange kRanges[] = {{0, 20}, {20, 1}, {21, 12}};

/// A range of rows gives those rows of a call over all, and writes no others; the gradients of the
/// logits sum to the whole's. `run`: of one range, with outputs that start as NaN.
template <typename F>
void check_ranges(const LabelAggregateRun& all, DType dtype, F&& run) {
  OwnedTensor sum({kRangesCase.n, kRangesCase.classes}, DType::f64);
  sum.fill([](int64_t) { return 0.0; });
  for (const RowRange& range : kRanges) {
    CAPTURE(range.first);
    const LabelAggregateRun part = run(range);
    const auto check_rows = [&](const OwnedTensor& of_part, const OwnedTensor& of_all) {
      const int64_t width = of_all.shape()[1];
      for (int64_t e = 0; e < of_all.elements(); ++e) {
        const bool inside = e / width >= range.first && e / width < range.first + range.count;
        CHECK((inside ? of_part.at(e) == of_all.at(e) : std::isnan(of_part.at(e))));
      }
    };
    check_rows(part.target, all.target);
    check_rows(part.dscores_expression, all.dscores_expression);
    check_rows(part.dscores_landmark, all.dscores_landmark);
    CHECK(part.probabilities.bits_equal(all.probabilities));
    sum.fill([&, before = sum](int64_t e) { return before.at(e) + part.dlogits.at(e); });
  }
  CHECK(relative_error(sum, all.dlogits) < rounding_bound(dtype, kRangesCase.k, 8));
}

}  // namespace lanet::test
