// Sum of two tensors on CUDA: one pass over memory, one pack a thread.
#include "core/cuda/launch.h"
#include "core/cuda/values.cuh"
#include "kernels/add.h"
#include "kernels/cuda_operations.h"

namespace lanet {

namespace {
constexpr unsigned kThreadsPerBlock = 256;
}

template <typename T, int N>
__global__ void add_kernel(const T* a, const T* b, T* y, int64_t elements) {
  cuda::for_my_pack<N>(elements, [&]<int kWidth>(int64_t i) {
    auto sum = cuda::load_values<kWidth>(a + i);
    const auto other = cuda::load_values<kWidth>(b + i);
#pragma unroll
    for (int e = 0; e < kWidth; ++e) sum.value[e] += other.value[e];
    cuda::store_values<kWidth>(y + i, sum);
  });
}

/// A gradient that is not wanted is null. da and db may be one tensor.
template <typename T, int N>
__global__ void add_backward_kernel(const T* dy, T* da, bool add_to_da, T* db, bool add_to_db,
                                    int64_t elements) {
  cuda::for_my_pack<N>(elements, [&]<int kWidth>(int64_t i) {
    const auto gradient = cuda::load_values<kWidth>(dy + i);
    if (da) cuda::store_gradient<kWidth>(da + i, gradient, add_to_da);
    if (db) cuda::store_gradient<kWidth>(db + i, gradient, add_to_db);
  });
}

void add_cuda(Context& context, const AddArgs& args) {
  dispatch_float(args.a.dtype, [&]<typename Host>() {
    using T = cuda::device_t<Host>;
    const int64_t elements = args.a.elements();
    const bool packs = cuda::aligned_for_packs({args.a.data, args.b.data, args.y.data});
    cuda::with_pack_width<T>(packs, [&]<int N>() {
      cuda::launch(add_kernel<T, N>, dim3(cuda::blocks_for(elements, N * kThreadsPerBlock)),
                   dim3(kThreadsPerBlock), 0, cuda::stream(context),
                   static_cast<const T*>(args.a.data), static_cast<const T*>(args.b.data),
                   static_cast<T*>(args.y.data), elements);
    });
  });
}

void add_backward_cuda(Context& context, const AddBackwardArgs& args) {
  dispatch_float(args.dy.dtype, [&]<typename Host>() {
    using T = cuda::device_t<Host>;
    const int64_t elements = args.dy.elements();
    const bool packs =
        cuda::aligned_for_packs({args.dy.data, args.da.tensor.data, args.db.tensor.data});
    cuda::with_pack_width<T>(packs, [&]<int N>() {
      cuda::launch(add_backward_kernel<T, N>,
                   dim3(cuda::blocks_for(elements, N * kThreadsPerBlock)), dim3(kThreadsPerBlock),
                   0, cuda::stream(context), static_cast<const T*>(args.dy.data),
                   static_cast<T*>(args.da.tensor.data), args.da.add,
                   static_cast<T*>(args.db.tensor.data), args.db.add, elements);
    });
  });
}

}  // namespace lanet
