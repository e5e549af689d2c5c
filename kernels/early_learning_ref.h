// Definition of the operation; the contract is in early_learning.h.
#pragma once

#include "kernels/early_learning.h"
#include "kernels/softmax_row.h"

namespace lanet {

template <typename T>
void early_learning_ref(const EarlyLearningArgs& args) {
  using A = accumulate_t<T>;
  const int64_t batch = args.logits.shape[0], classes = args.logits.shape[1];
  const A momentum = A(args.momentum), rest = A(1 - args.momentum), scale = A(args.scale / batch);
  A sum = 0;
  for (int64_t b = 0; b < batch; ++b) {
    const T* logits = args.logits.as<T>() + b * classes;
    const A* earlier = args.targets.as<A>() + args.sample_indices.as<int32_t>()[b] * classes;
    A* target = args.target.as<A>() + b * classes;
    const SoftmaxRow<A> softmax = softmax_row(logits, classes);
    const auto probability = [&](int64_t c) {
      return std::exp(softmax.log_probability(A(logits[c])));
    };
    const auto clamped = [](A p) {  // NaN stays NaN
      return std::clamp(p, kLeastProbability<A>, kLargestProbability<A>);
    };
    A mass = 0, agreement = 0;
    for (int64_t c = 0; c < classes; ++c) mass += clamped(probability(c));
    for (int64_t c = 0; c < classes; ++c) {
      const A p = clamped(probability(c));
      target[c] = momentum * earlier[c] + rest * (p / mass);
      agreement += target[c] * p;
    }
    sum += std::log1p(-agreement);
    if (!args.dlogits) continue;
    const auto slope = [&](int64_t c, A p) {
      return clamped(p) == p ? -target[c] / (1 - agreement) : A(0);
    };
    A mean = 0;
    for (int64_t c = 0; c < classes; ++c) {
      const A p = probability(c);
      mean += p * slope(c, p);
    }
    for (int64_t c = 0; c < classes; ++c) {
      const A p = probability(c);
      write_gradient(args.dlogits.tensor.as<T>()[b * classes + c],
                     scale * (p * (slope(c, p) - mean)), args.dlogits.add);
    }
  }
  args.loss.as<A>()[0] = sum / A(batch);
}

}  // namespace lanet
