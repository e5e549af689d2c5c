// What the tests of label_aggregate on every device compute with.
#pragma once

#include "kernels/label_aggregate.h"
#include "kernels/label_aggregate_cases.h"
#include "tests/op_test.h"

namespace lanet::test {

/// Neighbours of a sample: k different positions that are not its own.
inline HostTensor neighbours(int64_t n, int64_t k, int64_t stride) {
  HostTensor indices({n, k}, DType::i32);
  indices.fill([&](int64_t e) { return (e / k + 1 + e % k * stride) % n; });
  return indices;
}

struct LabelAggregateInputs {
  HostTensor scores_expression, indices_expression, scores_landmark, indices_landmark;
  HostTensor logits, samples, bank, dtarget;

  LabelAggregateInputs(const LabelAggregateCase& c, DType dtype)
      : scores_expression(HostTensor::random({c.n, c.k}, dtype, 1, 0.05, 1)),
        indices_expression(neighbours(c.n, c.k, 1)),
        scores_landmark(HostTensor::random({c.n, c.k}, dtype, 2, 0.05, 1)),
        indices_landmark(neighbours(c.n, c.k, c.n > 20 ? 3 : 2)),
        logits(HostTensor::random({c.n, c.classes}, dtype, 3, -3, 3)),
        samples({c.n}, DType::i32),
        bank(HostTensor::random({c.samples, c.classes}, dtype, 4, 0, 1)),
        dtarget(HostTensor::random({c.n, c.classes}, dtype, 5)) {
    samples.fill([&](int64_t i) { return (3 * i + 1) % c.samples; });
  }
  LabelAggregateInputs cast(DType dtype) const {
    LabelAggregateInputs other = *this;
    for (HostTensor LabelAggregateInputs::*member :
         {&LabelAggregateInputs::scores_expression, &LabelAggregateInputs::scores_landmark,
          &LabelAggregateInputs::logits, &LabelAggregateInputs::bank,
          &LabelAggregateInputs::dtarget})
      other.*member = (this->*member).cast(dtype);
    return other;
  }
};

/// What forward and backward pass write.
struct LabelAggregateRun {
  HostTensor probabilities, target, dscores_expression, dscores_landmark, dlogits;
};

}  // namespace lanet::test
