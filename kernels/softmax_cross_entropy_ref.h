// Definition of the operation; the contract is in softmax_cross_entropy.h.
#pragma once

#include "kernels/softmax_cross_entropy.h"
#include "kernels/softmax_row.h"

namespace lanet {

template <typename T>
void softmax_cross_entropy_ref(const SoftmaxCrossEntropyArgs& args) {
  using A = accumulate_t<T>;
  const int64_t batch = args.logits.shape[0], classes = args.logits.shape[1];
  const A scale = A(args.scale / batch);
  const A of_label = A(1 - args.smoothing), of_each = A(args.smoothing / classes);
  A sum = 0;
  for (int64_t b = 0; b < batch; ++b) {
    const T* logits = args.logits.as<T>() + b * classes;
    const int32_t label = args.labels.as<int32_t>()[b];
    const SoftmaxRow<A> softmax = softmax_row(logits, classes);
    sum -= of_label * softmax.log_probability(A(logits[label]));
    if (of_each > 0)
      for (int64_t c = 0; c < classes; ++c) sum -= of_each * softmax.log_probability(A(logits[c]));
    if (!args.dlogits) continue;
    T* dlogits = args.dlogits.tensor.as<T>() + b * classes;
    for (int64_t c = 0; c < classes; ++c) {
      const A p = std::exp(softmax.log_probability(A(logits[c])));
      write_gradient(dlogits[c], scale * (p - (c == label ? of_label + of_each : of_each)),
                     args.dlogits.add);
    }
  }
  args.loss.as<A>()[0] = sum / A(batch);
}

}  // namespace lanet
