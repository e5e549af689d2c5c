// Bilinear upsampling by two on CUDA. Forward a thread works between four pixels of the small
// image: the four pixels of the large one that lie there read just those. Backward it sums the
// sixteen readers of one pixel.
#include "kernels/upsample.h"

#include "core/cuda/launch.h"
#include "core/cuda/values.cuh"
#include "kernels/cuda_operations.h"

namespace lanet {

namespace {

constexpr unsigned kMaxThreads = 256;

/// The small image.
struct UpsampleSize {
  int height, width, channels;

  explicit UpsampleSize(const Shape& x)
      : height(static_cast<int>(x[1])),
        width(static_cast<int>(x[2])),
        channels(static_cast<int>(x[3])) {}
  /// Where a pack of the small image, and of the large one, starts.
  __device__ int64_t small(int image, int h, int w, int channel) const {
    return ((int64_t{image} * height + h) * width + w) * channels + channel;
  }
  __device__ int64_t large(int image, int h, int w, int channel) const {
    return ((int64_t{image} * 2 * height + h) * 2 * width + w) * channels + channel;
  }
};

/// The four positions of the large image, in one dimension, that read position `index` of the small
/// one, with their weights. At a border a weight is that of the position outside added to the one
/// inside; a position outside the image has weight 0 and stands at the border.
template <typename A>
struct Readers {
  int position[4];
  A weight[4];

  __device__ Readers(int index, int size) {
#pragma unroll
    for (int k = 0; k < 4; ++k) position[k] = min(max(2 * index - 1 + k, 0), 2 * size - 1);
    const bool first = index == 0, last = index == size - 1;
    weight[0] = first ? A(0) : A(0.25);
    weight[1] = first ? A(1) : A(0.75);
    weight[2] = last ? A(1) : A(0.75);
    weight[3] = last ? A(0) : A(0.25);
  }
};

}  // namespace

/// A block takes the places between rows i and i + 1 of one picture, i from −1 to height − 1.
/// addend is null if there is none, and may be y.
template <typename T, int N>
__global__ void __launch_bounds__(kMaxThreads)
    upsample_2x_kernel(const T* x, const T* addend, T* y, UpsampleSize size) {
  using A = accumulate_t<T>;
  const int image = blockIdx.x / (size.height + 1);
  const int i = static_cast<int>(blockIdx.x % (size.height + 1)) - 1;
  const int packs = size.channels / N;
  const int h[2] = {max(i, 0), min(i + 1, size.height - 1)};
  for (int item = threadIdx.x; item < (size.width + 1) * packs; item += blockDim.x) {
    const int j = item / packs - 1, channel = item % packs * N;
    const int w[2] = {max(j, 0), min(j + 1, size.width - 1)};
    cuda::Pack<T, N> corner[2][2], added[2][2];
    bool inside[2][2];
    int64_t out[2][2];
#pragma unroll
    for (int k = 0; k < 4; ++k) {
      const int v = k / 2, u = k % 2, row = 2 * i + 1 + v, column = 2 * j + 1 + u;
      corner[v][u] = cuda::load_pack<N>(x + size.small(image, h[v], w[u], channel));
      inside[v][u] = row >= 0 && row < 2 * size.height && column >= 0 && column < 2 * size.width;
      out[v][u] = size.large(image, row, column, channel);
      if (addend && inside[v][u]) added[v][u] = cuda::load_pack<N>(addend + out[v][u]);
    }
#pragma unroll
    for (int k = 0; k < 4; ++k) {
      const int v = k / 2, u = k % 2;
      if (!inside[v][u]) continue;
      cuda::Values<N, T> sum;
#pragma unroll
      for (int e = 0; e < N; ++e) {
        const A near = cuda::load(&corner[v][u].value[e]),
                beside = cuda::load(&corner[v][1 - u].value[e]),
                above = cuda::load(&corner[1 - v][u].value[e]),
                far = cuda::load(&corner[1 - v][1 - u].value[e]);
        sum.value[e] = A(0.5625) * near + A(0.1875) * (beside + above) + A(0.0625) * far;
        if (addend) sum.value[e] += cuda::load(&added[v][u].value[e]);
      }
      cuda::store_values<N>(y + out[v][u], sum);
    }
  }
}

/// A block takes a row of dx.
template <typename T, int N>
__global__ void __launch_bounds__(kMaxThreads)
    upsample_2x_backward_kernel(const T* dy, T* dx, bool add, UpsampleSize size) {
  using A = accumulate_t<T>;
  const int image = blockIdx.x / size.height, h = blockIdx.x % size.height;
  const int packs = size.channels / N;
  const Readers<A> rows(h, size.height);
  for (int item = threadIdx.x; item < size.width * packs; item += blockDim.x) {
    const int w = item / packs, channel = item % packs * N;
    const Readers<A> columns(w, size.width);
    cuda::Values<N, T> sum = {};
#pragma unroll
    for (int k = 0; k < 4; ++k) {
      cuda::Values<N, T> row_sum = {};
#pragma unroll
      for (int l = 0; l < 4; ++l) {
        const auto value = cuda::load_values<N>(
            dy + size.large(image, rows.position[k], columns.position[l], channel));
#pragma unroll
        for (int e = 0; e < N; ++e) row_sum.value[e] += columns.weight[l] * value.value[e];
      }
#pragma unroll
      for (int e = 0; e < N; ++e) sum.value[e] += rows.weight[k] * row_sum.value[e];
    }
    cuda::store_gradient<N>(dx + size.small(image, h, w, channel), sum, add);
  }
}

void upsample_2x_cuda(Context& context, const Upsample2xArgs& args) {
  dispatch_float(args.x.dtype, [&]<typename Host>() {
    using T = cuda::device_t<Host>;
    const Shape& x = args.x.shape;
    const bool packs =
        cuda::channels_in_packs<T>(x[3], {args.x.data, args.addend.data, args.y.data});
    cuda::with_pack_width<T>(packs, [&]<int N>() {
      cuda::launch(upsample_2x_kernel<T, N>, dim3(cuda::blocks_for(x[0] * (x[1] + 1), 1)),
                   dim3(cuda::threads_for((x[2] + 1) * x[3] / N, kMaxThreads)), 0,
                   cuda::stream(context), static_cast<const T*>(args.x.data),
                   static_cast<const T*>(args.addend.data), static_cast<T*>(args.y.data),
                   UpsampleSize(x));
    });
  });
}

void upsample_2x_backward_cuda(Context& context, const Upsample2xBackwardArgs& args) {
  const Tensor& dx_tensor = args.dx.tensor;
  dispatch_float(dx_tensor.dtype, [&]<typename Host>() {
    using T = cuda::device_t<Host>;
    const Shape& dx = dx_tensor.shape;
    const bool packs = cuda::channels_in_packs<T>(dx[3], {args.dy.data, dx_tensor.data});
    cuda::with_pack_width<T>(packs, [&]<int N>() {
      cuda::launch(upsample_2x_backward_kernel<T, N>, dim3(cuda::blocks_for(dx[0] * dx[1], 1)),
                   dim3(cuda::threads_for(dx[2] * dx[3] / N, kMaxThreads)), 0,
                   cuda::stream(context), static_cast<const T*>(args.dy.data),
                   static_cast<T*>(dx_tensor.data), args.dx.add, UpsampleSize(dx));
    });
  });
}

}  // namespace lanet
