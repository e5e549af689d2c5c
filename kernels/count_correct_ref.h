// Definition of the operation; the contract is in count_correct.h.
#pragma once

#include "kernels/count_correct.h"

namespace lanet {

template <typename T>
void count_correct_ref(const CountCorrectArgs& args) {
  using A = accumulate_t<T>;
  const int64_t batch = args.logits.shape[0], classes = args.logits.shape[1];
  int32_t correct = 0;
  for (int64_t i = 0; i < batch; ++i) {
    const T* row = args.logits.as<T>() + i * classes;
    int64_t best = 0;
    for (int64_t c = 1; c < classes; ++c)
      if (A(row[c]) > A(row[best])) best = c;
    correct += best == args.labels.as<int32_t>()[i];
  }
  *args.correct.as<int32_t>() = correct;
}

}  // namespace lanet
