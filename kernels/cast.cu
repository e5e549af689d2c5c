// A copy in another dtype on CUDA: one pass over memory, four elements a thread.
#include "core/cuda/launch.h"
#include "core/cuda/values.cuh"
#include "kernels/cast.h"
#include "kernels/cuda_operations.h"

namespace lanet {

namespace {
constexpr unsigned kThreadsPerBlock = 256;
constexpr int kElementsPerThread = 4;  // of the narrower type 64 bits, of the wider one 128
}  // namespace

template <typename From, typename To, int N>
__global__ void cast_kernel(const From* from, To* to, int64_t elements) {
  cuda::for_my_pack<N>(elements, [&]<int kWidth>(int64_t i) {
    const auto values = cuda::load_values<kWidth>(from + i);
    cuda::Values<kWidth, To> rounded;
#pragma unroll
    for (int e = 0; e < kWidth; ++e)
      rounded.value[e] = static_cast<accumulate_t<To>>(values.value[e]);
    cuda::store_values<kWidth>(to + i, rounded);
  });
}

void cast_cuda(Context& context, const CastArgs& args) {
  dispatch_float(args.from.dtype, [&]<typename HostFrom>() {
    dispatch_float(args.to.dtype, [&]<typename HostTo>() {
      using From = cuda::device_t<HostFrom>;
      using To = cuda::device_t<HostTo>;
      const int64_t elements = args.from.elements();
      auto run = [&]<int N>() {
        cuda::launch(cast_kernel<From, To, N>,
                     dim3(cuda::blocks_for(elements, N * kThreadsPerBlock)), dim3(kThreadsPerBlock),
                     0, cuda::stream(context), static_cast<const From*>(args.from.data),
                     static_cast<To*>(args.to.data), elements);
      };
      if (cuda::aligned_for_packs({args.from.data, args.to.data}))
        run.template operator()<kElementsPerThread>();
      else
        run.template operator()<1>();
    });
  });
}

}  // namespace lanet
