// Dropout on CUDA: one block of the generator for the four elements of a thread, or, where they
// cannot be read together, for each element.
#include "kernels/dropout.h"

#include "core/cuda/launch.h"
#include "core/cuda/values.cuh"
#include "kernels/cuda_operations.h"

namespace lanet {

namespace {
constexpr unsigned kThreadsPerBlock = 256;
}

template <typename T>
struct DropoutKernelArgs {
  const T* from;
  T* to;
  const int32_t* step;
  uint64_t seed;
  int64_t elements, first_element;
  accumulate_t<T> scale;
  uint32_t layer, threshold;
  bool add;
};

/// N: kDropoutWords, where the elements start with a whole block of words, or 1.
template <typename T, int N>
__global__ void dropout_kernel(DropoutKernelArgs<T> args) {
  using A = accumulate_t<T>;
  const int32_t step = *args.step;
  cuda::for_my_pack<N>(args.elements, [&]<int W>(int64_t i) {
    const int64_t element = args.first_element + i;
    const Philox4x32 words = dropout_words(args.seed, step, args.layer, element / kDropoutWords);
    cuda::Values<W, T> values = cuda::load_values<W>(args.from + i);
#pragma unroll
    for (int e = 0; e < W; ++e) {
      const uint32_t word = words.word[W == 1 ? element % kDropoutWords : e];
      values.value[e] *= word >= args.threshold ? args.scale : A(0);
    }
    cuda::store_gradient<W>(args.to + i, values, args.add);
  });
}

void dropout_cuda(Context& context, const Tensor& from, const Gradient& to,
                  const DropoutMask& mask) {
  dispatch_float(from.dtype, [&]<typename Host>() {
    using T = cuda::device_t<Host>;
    const DropoutKernelArgs<T> kernel_args{.from = static_cast<const T*>(from.data),
                                           .to = static_cast<T*>(to.tensor.data),
                                           .step = static_cast<const int32_t*>(mask.step.data),
                                           .seed = mask.seed,
                                           .elements = from.elements(),
                                           .first_element = mask.first_element,
                                           .scale = accumulate_t<Host>(1 / (1 - mask.rate)),
                                           .layer = mask.layer,
                                           .threshold = dropout_threshold(mask.rate),
                                           .add = to.add};
    const auto run = [&]<int N>() {
      cuda::launch(dropout_kernel<T, N>,
                   dim3(cuda::blocks_for(from.elements(), N * kThreadsPerBlock)),
                   dim3(kThreadsPerBlock), 0, cuda::stream(context), kernel_args);
    };
    if (mask.first_element % kDropoutWords == 0 &&
        cuda::aligned_for_packs({from.data, to.tensor.data}))
      run.template operator()<kDropoutWords>();
    else
      run.template operator()<1>();
  });
}

}  // namespace lanet
