// The stem's batch norm, ReLU and maximum pool on CUDA, forward. A thread walks down a strip of
// output rows with one column and pack of channels: the row of x between two windows is read once.
#include "kernels/batch_norm/batch_norm_cuda.cuh"
#include "kernels/batch_norm/batch_norm_pool.h"
#include "kernels/batch_norm/batch_norm_pool_cuda.cuh"
#include "kernels/cuda_operations.h"

namespace lanet {

namespace {

constexpr unsigned kMaxThreads = 256;
constexpr int kOutputRows = 4;  // of a strip
}  // namespace

template <typename T>
struct BatchNormMaxPoolKernelArgs {
  BatchNormImage<T> image;
  T* y;
  uint8_t* argmax;  // null if it is not wanted
};

/// The largest value of a window so far, and where it is: the first of equal ones. NaN stays where
/// it came first, and is passed over else.
template <typename T, int N>
struct Largest {
  cuda::Values<N, T> value;
  int position[N];

  __device__ void start(const cuda::Values<N, T>& first, int its_position) {
    value = first;
#pragma unroll
    for (int e = 0; e < N; ++e) position[e] = its_position;
  }
  __device__ void take(const cuda::Values<N, T>& other, int its_position) {
#pragma unroll
    for (int e = 0; e < N; ++e) {
      if (other.value[e] > value.value[e]) {
        value.value[e] = other.value[e];
        position[e] = its_position;
      }
    }
  }
};

/// Block x is a strip of output rows of one picture, block y a part of its columns and channels.
template <typename T, int N>
__global__ void __launch_bounds__(kMaxThreads)
    batch_norm_max_pool_kernel(BatchNormMaxPoolKernelArgs<T> args, StemSize size) {
  const int packs = size.channels / N, strips = (size.out_height + kOutputRows - 1) / kOutputRows;
  const int item = static_cast<int>(blockIdx.y * blockDim.x + threadIdx.x);
  if (item >= size.out_width * packs) return;
  const int picture = blockIdx.x / strips, first = blockIdx.x % strips * kOutputRows;
  const int last = min(first + kOutputRows, size.out_height);
  const int j = item / packs, channel = item % packs * N;
  BatchNormAffine<T, N> affine;  // as batch_norm_apply has it: the same bits
  affine.load(args.image, channel);
  // A row or column outside the picture is moved to the nearest one inside, which is in the window
  // as well: the maximum stays, and so does the first of equal ones.
  int w[kKernel], v[kKernel];
#pragma unroll
  for (int k = 0; k < kKernel; ++k) {
    w[k] = min(max(kStride * j - kPadding + k, 0), size.width - 1);
    v[k] = w[k] - (kStride * j - kPadding);
  }
  struct Row {
    cuda::Pack<T, N> pixel[kKernel];
  };
  const auto load_row = [&](int h) {
    Row row;
#pragma unroll
    for (int k = 0; k < kKernel; ++k)
      row.pixel[k] = cuda::load_pack<N>(args.image.x + size.pixel(picture, h, w[k]) + channel);
    return row;
  };
  // Rounded as it would be stored. The ReLU is left to the maximum.
  const auto normalised = [&](const cuda::Pack<T, N>& x) {
    cuda::Pack<T, N> z;
#pragma unroll
    for (int e = 0; e < N; ++e) cuda::store(&z.value[e], affine.at(x, e));
    return cuda::unpack<N>(z);
  };
  Largest<T, N> largest;
  {
    const int h = max(kStride * first - kPadding, 0);
    const int u = kKernel * (h - (kStride * first - kPadding));
    const Row row = load_row(h);
    largest.start(normalised(row.pixel[0]), u + v[0]);
    largest.take(normalised(row.pixel[1]), u + v[1]);
    largest.take(normalised(row.pixel[2]), u + v[2]);
  }
  for (int i = first; i < last; ++i) {
    const int middle = kStride * i, below = min(middle + 1, size.height - 1);
    const Row middle_row = load_row(middle), below_row = load_row(below);
#pragma unroll
    for (int k = 0; k < kKernel; ++k) largest.take(normalised(middle_row.pixel[k]), kKernel + v[k]);
    const auto z0 = normalised(below_row.pixel[0]), z1 = normalised(below_row.pixel[1]),
               z2 = normalised(below_row.pixel[2]);
    largest.take(z0, 2 * kKernel + v[0]);
    largest.take(z1, 2 * kKernel + v[1]);
    largest.take(z2, 2 * kKernel + v[2]);
    cuda::Values<N, T> y;
    cuda::Pack<uint8_t, N> position;
#pragma unroll
    for (int e = 0; e < N; ++e) {
      const auto value = largest.value.value[e];
      y.value[e] = value <= 0 ? 0 : value;  // keeps NaN
      position.value[e] = static_cast<uint8_t>(value > 0 ? largest.position[e] : kMaxPoolCutOff);
    }
    const int64_t out = size.window(picture, i, j) + channel;
    cuda::store_values<N>(args.y + out, y);
    if (args.argmax) cuda::store_pack(args.argmax + out, position);
    // The row below is the first of the windows of the next output row.
    largest.start(z0, v[0]);
    largest.take(z1, v[1]);
    largest.take(z2, v[2]);
  }
}

void batch_norm_max_pool_cuda(Context& context, const BatchNormMaxPoolArgs& args) {
  dispatch_float(args.x.dtype, [&]<typename Host>() {
    using T = cuda::device_t<Host>;
    const StemSize size(args.x.shape, args.y.shape);
    const BatchNormMaxPoolKernelArgs<T> kernel_args{
        .image = BatchNormImage<T>(args),
        .y = static_cast<T*>(args.y.data),
        .argmax = static_cast<uint8_t*>(args.argmax.data)};
    const bool packs = kernel_args.image.in_packs(size.channels) &&
                       cuda::channels_in_packs<T>(size.channels, {args.y.data, args.argmax.data});
    cuda::with_pack_width<T>(packs, [&]<int N>() {
      const int64_t items = int64_t{size.out_width} * size.channels / N;
      const unsigned threads = cuda::threads_for(items, kMaxThreads);
      const int64_t strips = args.y.shape[0] * cuda::blocks_for(size.out_height, kOutputRows);
      cuda::launch(batch_norm_max_pool_kernel<T, N>,
                   dim3(cuda::blocks_for(strips, 1), cuda::blocks_for(items, threads)),
                   dim3(threads), 0, cuda::stream(context), kernel_args, size);
    });
  });
}

}  // namespace lanet
