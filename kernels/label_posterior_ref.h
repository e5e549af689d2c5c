// Definition of the operation; the contract is in label_posterior.h.
#pragma once

#include "kernels/label_posterior.h"
#include "kernels/softmax_row.h"

namespace lanet {

/// Row b of a batch in which every class has two numbers: what the network thinks of it, and what
/// label and side information add to its logarithm.
template <typename T>
class LabelPosteriorRow {
  using A = accumulate_t<T>;

 public:
  LabelPosteriorRow(const LabelPosteriorArgs& args, int64_t b)
      : classes_(args.logits.shape[1]),
        logits_(args.logits.as<T>() + b * classes_),
        softmax_(softmax_row(logits_, classes_)),
        channel_(args.channel.as<A>() + args.labels.as<int32_t>()[b]),
        momentum_(A(args.momentum)),
        one_minus_momentum_(A(1 - args.momentum)) {
    const auto row_of = [&](const Tensor& table) {
      return table ? table.as<A>() + args.sample_indices.as<int32_t>()[b] * classes_ : nullptr;
    };
    log_ratio_ = row_of(args.log_ratio);
    opinions_ = row_of(args.opinions);
  }

  A opinion(int64_t y) const {
    const A p = std::exp(log_probability(y));
    return opinions_ ? momentum_ * opinions_[y] + one_minus_momentum_ * p : p;
  }
  A log_opinion(int64_t y) const {
    if (!opinions_) return log_probability(y);
    const A value = opinion(y);
    return std::log(value < kSmallestOpinion<A> ? kSmallestOpinion<A> : value);  // NaN stays NaN
  }
  A log_joint(int64_t y) const {
    return log_opinion(y) + std::log(channel_[y * classes_]) + (log_ratio_ ? log_ratio_[y] : A(0));
  }

 private:
  A log_probability(int64_t y) const { return softmax_.log_probability(A(logits_[y])); }

  int64_t classes_;
  const T* logits_;
  SoftmaxRow<A> softmax_;
  const A* channel_;  // of the given label: a column
  const A* log_ratio_;
  const A* opinions_;
  A momentum_, one_minus_momentum_;
};

template <typename T>
void label_posterior_ref(const LabelPosteriorArgs& args) {
  using A = accumulate_t<T>;
  constexpr A kExcluded = -std::numeric_limits<A>::infinity();
  const int64_t batch = args.logits.shape[0], classes = args.logits.shape[1];
  for (int64_t b = 0; b < batch; ++b) {
    const LabelPosteriorRow<T> row(args, b);
    bool any_left = false;  // of the classes; a NaN counts, and goes into the sum
    for (int64_t y = 0; y < classes; ++y) any_left = any_left || row.log_joint(y) != kExcluded;
    const auto log_weight = [&](int64_t y) {
      return any_left ? row.log_joint(y) : row.log_opinion(y);
    };
    A largest = kExcluded, sum = 0;
    for (int64_t y = 0; y < classes; ++y) largest = std::max(largest, log_weight(y));
    for (int64_t y = 0; y < classes; ++y) sum += std::exp(log_weight(y) - largest);
    for (int64_t y = 0; y < classes; ++y) {
      args.target.as<T>()[b * classes + y] = T(std::exp(log_weight(y) - largest) / sum);
      if (args.opinion) args.opinion.as<A>()[b * classes + y] = row.opinion(y);
    }
  }
}

}  // namespace lanet
