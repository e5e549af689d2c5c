// Definition of the operation; the contract is in kl_divergence.h.
#pragma once

#include "kernels/kl_divergence.h"
#include "kernels/softmax_row.h"

namespace lanet {

template <typename T>
void kl_divergence_ref(const KlDivergenceArgs& args) {
  using A = accumulate_t<T>;
  const int64_t batch = args.logits.shape[0], classes = args.logits.shape[1];
  const A scale = A(args.scale / batch);
  A sum = 0;
  for (int64_t b = 0; b < batch; ++b) {
    const T* target = args.target.as<T>() + b * classes;
    const T* logits = args.logits.as<T>() + b * classes;
    const SoftmaxRow<A> softmax = softmax_row(logits, classes);
    A mass = 0;
    for (int64_t c = 0; c < classes; ++c) mass += A(target[c]);
    for (int64_t c = 0; c < classes; ++c) {
      const int64_t i = b * classes + c;
      const A t = A(target[c]);
      const A log_p = softmax.log_probability(A(logits[c]));
      const A log_ratio = t > 0 ? std::log(t) - log_p : A(0);
      sum += t * log_ratio;
      if (args.dlogits)
        write_gradient(args.dlogits.tensor.as<T>()[i], scale * (std::exp(log_p) * mass - t),
                       args.dlogits.add);
      if (args.dtarget)
        write_gradient(args.dtarget.tensor.as<T>()[i], t > 0 ? scale * (log_ratio + 1) : A(0),
                       args.dtarget.add);
    }
  }
  args.loss.as<A>()[0] = sum / A(batch);
}

}  // namespace lanet
