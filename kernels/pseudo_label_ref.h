// Definition of the operation; the contract is in pseudo_label.h.
#pragma once

#include "kernels/pseudo_label.h"

namespace lanet {

template <typename T>
void pseudo_label_ref(const PseudoLabelArgs& args) {
  const int64_t n = args.target.shape[0];
  const int32_t classes = static_cast<int32_t>(args.target.shape[1]);
  for (int64_t i = 0; i < n; ++i) {
    const T* target = args.target.as<T>() + i * classes;
    int32_t best = 0;
    for (int32_t c = 1; c < classes; ++c)
      if (target[c] > target[best]) best = c;
    const bool confident = target[best] >= T(args.threshold);
    args.labels.as<int32_t>()[i] = confident ? best : -(args.sample_indices.as<int32_t>()[i] + 1);
  }
}

}  // namespace lanet
