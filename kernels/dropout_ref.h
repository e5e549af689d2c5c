// Definition of the operation; the contract is in dropout.h.
#pragma once

#include "kernels/dropout.h"

namespace lanet {

/// Both directions: `to` is y, or dx.
template <typename T>
void dropout_ref(const Tensor& from, const Gradient& to, const DropoutMask& mask) {
  using A = accumulate_t<T>;
  const uint32_t threshold = dropout_threshold(mask.rate);
  const A scale = A(1 / (1 - mask.rate));
  const int32_t step = *mask.step.as<int32_t>();
  Philox4x32 words{};
  for (int64_t i = 0; i < from.elements(); ++i) {
    const int64_t element = mask.first_element + i;
    const int64_t word = element % kDropoutWords;
    if (i == 0 || word == 0)
      words = dropout_words(mask.seed, step, mask.layer, element / kDropoutWords);
    const A factor = words.word[word] >= threshold ? scale : A(0);
    write_gradient(to.tensor.as<T>()[i], A(from.as<T>()[i]) * factor, to.add);
  }
}

}  // namespace lanet
