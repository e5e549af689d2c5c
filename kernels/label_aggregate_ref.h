// Definition of the operation; the contract is in label_aggregate.h.
#pragma once

#include <algorithm>
#include <cmath>

#include "kernels/label_aggregate.h"

namespace lanet {

/// One space's neighbours: what estimates the label distribution of a sample from those of others.
template <typename A>
struct NeighbourEstimate {
  const A* scores;         // [rows, k]
  const int32_t* indices;  // [rows, k]
  int64_t k;

  NeighbourEstimate(const Tensor& scores_, const Tensor& indices_)
      : scores(scores_.as<A>()), indices(indices_.as<int32_t>()), k(scores_.shape[1]) {}

  /// Σ_j w_ij + ε
  A weight_sum(int64_t i) const {
    A sum = 0;
    for (int64_t s = 0; s < k; ++s) sum += scores[i * k + s];
    return sum + A(kLabelAggregateEpsilon);
  }
  /// d(i) in one class: probability[j * classes] is p_j there, mean its mean over the batch.
  A operator()(int64_t i, const A* probability, int64_t classes, A mean) const {
    A sum = 0;
    for (int64_t s = 0; s < k; ++s)
      sum += scores[i * k + s] * probability[indices[i * k + s] * classes];
    return (sum + A(kLabelAggregateEpsilon) * mean) / weight_sum(i);
  }
};

/// The mean over n rows of one column.
template <typename A>
A column_mean(const A* column, int64_t n, int64_t stride) {
  A sum = 0;
  for (int64_t j = 0; j < n; ++j) sum += column[j * stride];
  return sum / A(n);
}

template <typename A>
void softmax_row(const A* logits, int64_t classes, A* probabilities) {
  const A largest = *std::max_element(logits, logits + classes);
  A sum = 0;
  for (int64_t c = 0; c < classes; ++c) sum += probabilities[c] = std::exp(logits[c] - largest);
  for (int64_t c = 0; c < classes; ++c) probabilities[c] /= sum;
}

template <typename A>
void label_aggregate_ref(const LabelAggregateArgs& args) {
  const int64_t n = args.logits.shape[0], classes = args.logits.shape[1];
  const int64_t rows = args.target.shape[0];
  const NeighbourEstimate<A> expression(args.scores_expression, args.indices_expression);
  const NeighbourEstimate<A> landmark(args.scores_landmark, args.indices_landmark);
  const int32_t* sample = args.sample_indices.as<int32_t>();
  const A momentum = A(args.bank_momentum);
  const A* bank = args.bank.as<A>();
  A* p = args.probabilities.as<A>();
  A* target = args.target.as<A>();

  for (int64_t i = 0; i < n; ++i)
    softmax_row(args.logits.as<A>() + i * classes, classes, p + i * classes);
  for (int64_t c = 0; c < classes; ++c) {
    const A mean = column_mean(p + c, n, classes);
    for (int64_t i = 0; i < rows; ++i) {
      const A estimate =
          (expression(i, p + c, classes, mean) + landmark(i, p + c, classes, mean)) / 2;
      target[i * classes + c] =
          momentum * bank[sample[i] * classes + c] + (1 - momentum) * estimate;
    }
  }
}

/// dprobabilities: [n, classes], scratch, the gradient of the probabilities while it is summed.
template <typename A>
void label_aggregate_backward_ref(const LabelAggregateBackwardArgs& args, A* dprobabilities) {
  const int64_t n = args.probabilities.shape[0], classes = args.probabilities.shape[1];
  const int64_t rows = args.dtarget.shape[0];
  const A* p = args.probabilities.as<A>();
  const A* dtarget = args.dtarget.as<A>();
  const A share = (1 - A(args.bank_momentum)) / 2;  // of each space in T
  std::fill_n(dprobabilities, n * classes, A(0));

  auto space = [&](const NeighbourEstimate<A>& estimate, const Gradient& dscores) {
    const int64_t k = estimate.k;
    if (dscores && !dscores.add) std::fill_n(dscores.tensor.as<A>(), rows * k, A(0));
    for (int64_t c = 0; c < classes; ++c) {
      const A mean = column_mean(p + c, n, classes);
      A everywhere = 0;  // through ε·mean, what each sample of the batch receives
      for (int64_t i = 0; i < rows; ++i) {
        const A slope = share * dtarget[i * classes + c] / estimate.weight_sum(i);
        const A d = estimate(i, p + c, classes, mean);
        for (int64_t s = i * k; s < (i + 1) * k; ++s) {
          const int64_t j = estimate.indices[s];
          if (dscores) dscores.tensor.as<A>()[s] += slope * (p[j * classes + c] - d);
          dprobabilities[j * classes + c] += slope * estimate.scores[s];
        }
        everywhere += slope * A(kLabelAggregateEpsilon) / A(n);
      }
      for (int64_t j = 0; j < n; ++j) dprobabilities[j * classes + c] += everywhere;
    }
  };
  space({args.scores_expression, args.indices_expression}, args.dscores_expression);
  space({args.scores_landmark, args.indices_landmark}, args.dscores_landmark);

  if (!args.dlogits) return;
  for (int64_t i = 0; i < n; ++i) {
    A along = 0;
    for (int64_t c = i * classes; c < (i + 1) * classes; ++c) along += p[c] * dprobabilities[c];
    for (int64_t c = i * classes; c < (i + 1) * classes; ++c)
      write_gradient(args.dlogits.tensor.as<A>()[c], p[c] * (dprobabilities[c] - along),
                     args.dlogits.add);
  }
}

}  // namespace lanet
