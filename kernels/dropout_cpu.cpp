// Dropout on vectors. The generator's blocks do not depend on each other: many are drawn side by
// side, into a buffer that stays in the cache.
#include <algorithm>

#include "kernels/cpu_operations.h"
#include "kernels/dropout.h"

namespace lanet {

namespace {

constexpr int64_t kBlocks = 256;  // of the generator, drawn together

template <typename T>
void dropout_chunks(const Tensor& from, const Gradient& to, const DropoutMask& mask) {
  using A = accumulate_t<T>;
  const uint32_t threshold = dropout_threshold(mask.rate);
  const A scale = A(1 / (1 - mask.rate));
  const int32_t step = *mask.step.as<int32_t>();
  const int64_t first = mask.first_element, end = first + from.elements();
  const T* x = from.as<T>();
  T* y = to.tensor.as<T>();
#pragma omp parallel for schedule(static)
  for (int64_t chunk = first / (kBlocks * kDropoutWords);
       chunk < (end - 1) / (kBlocks * kDropoutWords) + 1; ++chunk) {
    uint32_t words[kBlocks * kDropoutWords];
#pragma omp simd
    for (int64_t b = 0; b < kBlocks; ++b) {
      const Philox4x32 block = dropout_words(mask.seed, step, mask.layer, chunk * kBlocks + b);
      for (int w = 0; w < kDropoutWords; ++w) words[b * kDropoutWords + w] = block.word[w];
    }
    const int64_t start = chunk * kBlocks * kDropoutWords;
    const int64_t last = std::min(start + kBlocks * kDropoutWords, end);
    for (int64_t element = std::max(start, first); element < last; ++element) {
      const A factor = words[element - start] >= threshold ? scale : A(0);
      write_gradient(y[element - first], A(x[element - first]) * factor, to.add);
    }
  }
}

}  // namespace

void dropout_cpu(const Tensor& from, const Gradient& to, const DropoutMask& mask) {
  dispatch_float(from.dtype, [&]<typename T>() { dropout_chunks<T>(from, to, mask); });
}

}  // namespace lanet
