// Row-wise L2 normalisation on CUDA: one warp a row.
#include "core/cuda/device.cuh"
#include "core/cuda/launch.h"
#include "kernels/cuda_operations.h"
#include "kernels/l2_normalize.h"

namespace lanet {

namespace {
constexpr unsigned kWarpsPerBlock = 4;
}

template <typename T, typename A>
__global__ void l2_normalize_kernel(const T* x, T* y, A* norm, int64_t rows, int64_t width) {
  const int64_t row = int64_t{blockIdx.x} * kWarpsPerBlock + threadIdx.x / 32;
  const unsigned lane = threadIdx.x % 32;
  A squares = 0;
  if (row < rows) {
    for (int64_t c = lane; c < width; c += 32) {
      const A value = cuda::load(x + row * width + c);
      squares += value * value;
    }
  }
  squares = cuda::warp_sum(squares);  // every lane of every warp comes here
  const A root = sqrt(squares);
  const A length = root < A(kL2NormalizeFloor) ? A(kL2NormalizeFloor) : root;  // keeps NaN
  if (row < rows) {
    if (lane == 0) norm[row] = length;
    for (int64_t c = lane; c < width; c += 32)
      cuda::store(y + row * width + c, cuda::load(x + row * width + c) / length);
  }
}

template <typename T, typename A>
__global__ void l2_normalize_backward_kernel(const T* y, const A* norm, const T* dy, T* dx,
                                             bool add, int64_t rows, int64_t width) {
  const int64_t row = int64_t{blockIdx.x} * kWarpsPerBlock + threadIdx.x / 32;
  const unsigned lane = threadIdx.x % 32;
  A along = 0;
  A length = 1;
  if (row < rows) {
    length = norm[row];
    if (length > A(kL2NormalizeFloor)) {
      for (int64_t c = lane; c < width; c += 32)
        along += cuda::load(y + row * width + c) * cuda::load(dy + row * width + c);
    }
  }
  along = cuda::warp_sum(along);
  if (row < rows) {
    for (int64_t c = lane; c < width; c += 32) {
      const int64_t i = row * width + c;
      const A value = (cuda::load(dy + i) - cuda::load(y + i) * along) / length;
      cuda::store(dx + i, add ? cuda::load(dx + i) + value : value);
    }
  }
}

void l2_normalize_cuda(Context& context, const L2NormalizeArgs& args) {
  dispatch_float(args.x.dtype, [&]<typename Host>() {
    using T = cuda::device_t<Host>;
    using A = accumulate_t<Host>;
    const int64_t rows = args.x.shape[0], width = args.x.shape[1];
    cuda::launch(l2_normalize_kernel<T, A>, dim3(cuda::blocks_for(rows, kWarpsPerBlock)),
                 dim3(32 * kWarpsPerBlock), 0, cuda::stream(context),
                 static_cast<const T*>(args.x.data), static_cast<T*>(args.y.data),
                 static_cast<A*>(args.norm.data), rows, width);
  });
}

void l2_normalize_backward_cuda(Context& context, const L2NormalizeBackwardArgs& args) {
  dispatch_float(args.y.dtype, [&]<typename Host>() {
    using T = cuda::device_t<Host>;
    using A = accumulate_t<Host>;
    const int64_t rows = args.y.shape[0], width = args.y.shape[1];
    cuda::launch(l2_normalize_backward_kernel<T, A>, dim3(cuda::blocks_for(rows, kWarpsPerBlock)),
                 dim3(32 * kWarpsPerBlock), 0, cuda::stream(context),
                 static_cast<const T*>(args.y.data), static_cast<const A*>(args.norm.data),
                 static_cast<const T*>(args.dy.data), static_cast<T*>(args.dx.tensor.data),
                 args.dx.add, rows, width);
  });
}

}  // namespace lanet
