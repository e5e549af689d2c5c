// Sizes and tensors for the tests and the benchmark of label_aggregate.
#pragma once

#include "core/owned_tensor.h"
#include "kernels/label_aggregate.h"

namespace lanet {

struct LabelAggregateCase {
  int64_t n, k, classes, samples;
  bool bench = false;
};
inline constexpr LabelAggregateCase kLabelAggregateCases[] = {
    {2, 1, 2, 3},    {9, 3, 7, 20},    {33, 8, 5, 50},
    {11, 2, 40, 12}, {260, 2, 3, 300}, {128, 8, 7, 12271, true}};

/// What both directions read and write.
struct LabelAggregateTensors {
  OwnedTensor scores_expression, indices_expression, scores_landmark, indices_landmark;
  OwnedTensor logits, samples, bank, dtarget;
  OwnedTensor probabilities, target, dscores_expression, dscores_landmark, dlogits;
  RowRange range;      ///< the rows that are aggregated
  bool added = false;  ///< to the gradients
  double bank_momentum = 0.9;

  LabelAggregateTensors(const LabelAggregateCase& c, DType dtype, Context& context = host_context())
      : range{0, c.n} {
    const Shape pairs{c.n, c.k}, rows{c.n, c.classes};
    const auto random = [&](const Shape& shape, uint32_t seed, double lo, double hi) {
      return OwnedTensor::random(context, shape, dtype, seed, lo, hi);
    };
    // Neighbours of a sample: different positions that are not its own.
    const auto neighbours = [&](int64_t stride) {
      return OwnedTensor(context, pairs, DType::i32,
                         [&](int64_t e) { return (e / c.k + 1 + e % c.k * stride) % c.n; });
    };
    scores_expression = random(pairs, 1, 0.05, 1);
    indices_expression = neighbours(1);
    scores_landmark = random(pairs, 2, 0.05, 1);
    indices_landmark = neighbours(c.n > 20 ? 3 : 2);
    logits = random(rows, 3, -3, 3);
    samples =
        OwnedTensor(context, {c.n}, DType::i32, [&](int64_t i) { return (3 * i + 1) % c.samples; });
    bank = random({c.samples, c.classes}, 4, 0, 1);
    dtarget = random(rows, 5, -1, 1);
    for (OwnedTensor* t : {&probabilities, &target, &dlogits})
      *t = OwnedTensor(context, rows, dtype);
    for (OwnedTensor* t : {&dscores_expression, &dscores_landmark})
      *t = OwnedTensor(context, pairs, dtype);
  }
  std::vector<OwnedTensor*> gradients() {
    return {&dscores_expression, &dscores_landmark, &dlogits};
  }
  std::vector<OwnedTensor*> all() {
    return {&scores_expression,
            &indices_expression,
            &scores_landmark,
            &indices_landmark,
            &logits,
            &samples,
            &bank,
            &dtarget,
            &probabilities,
            &target,
            &dscores_expression,
            &dscores_landmark,
            &dlogits};
  }
  size_t workspace_bytes() const {
    return label_aggregate_workspace_bytes(logits.shape()[0], logits.shape()[1], logits.dtype());
  }
  Tensor rows(const OwnedTensor& whole) const {
    return whole.tensor().rows(range.first, range.count);
  }
  LabelAggregateArgs forward() const {
    return {.scores_expression = rows(scores_expression),
            .indices_expression = rows(indices_expression),
            .scores_landmark = rows(scores_landmark),
            .indices_landmark = rows(indices_landmark),
            .logits = logits,
            .sample_indices = rows(samples),
            .bank = bank,
            .probabilities = probabilities,
            .target = rows(target),
            .bank_momentum = bank_momentum};
  }
  LabelAggregateBackwardArgs backward() const {
    return {.scores_expression = rows(scores_expression),
            .indices_expression = rows(indices_expression),
            .scores_landmark = rows(scores_landmark),
            .indices_landmark = rows(indices_landmark),
            .probabilities = probabilities,
            .dtarget = rows(dtarget),
            .dscores_expression = {rows(dscores_expression), added},
            .dscores_landmark = {rows(dscores_landmark), added},
            .dlogits = {dlogits, added},
            .bank_momentum = bank_momentum};
  }
};

}  // namespace lanet
