// Ranges of rows in label_aggregate, on every device.
#pragma once

#include "kernels/label_aggregate_cases.h"
#include "tests/op_test.h"

namespace lanet::test {

/// Uneven ranges that make up the case, one of a single row.
constexpr LabelAggregateCase kRangesCase{33, 8, 5, 50};
constexpr RowRange kRanges[] = {{0, 20}, {20, 1}, {21, 12}};

/// A range of rows gives those rows of a call over all, and writes no others; the gradients of the
/// logits sum to the whole's. `run` takes the tensors before both directions and gives those after.
template <typename F>
void check_ranges(DType dtype, F&& run) {
  LabelAggregateTensors in(kRangesCase, dtype);
  const LabelAggregateTensors all = run(in);
  OwnedTensor sum({kRangesCase.n, kRangesCase.classes}, DType::f64, [](int64_t) { return 0; });
  for (const RowRange& range : kRanges) {
    CAPTURE(range.first);
    in.range = range;
    const LabelAggregateTensors part = run(in);
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
