// Pooling on CUDA. The maximum pool takes a block an output row (forward) or input row (backward)
// and a thread a pack of channels; nothing is summed by more than one thread. The mean takes a tile
// of channels of one picture; several images are rows of one grid.
#include "kernels/pool.h"

#include "kernels/channel_tile.cuh"
#include "kernels/cuda_operations.h"

namespace lanet {

namespace {

constexpr unsigned kMaxThreads = 256;
constexpr int kKernel = kMaxPoolKernel, kStride = kMaxPoolStride, kPadding = kMaxPoolPadding;

/// Both images of a maximum pool: x and y, or dx and dy.
struct MaxPoolSize {
  int height, width, out_height, out_width, channels;

  MaxPoolSize(const Shape& x, const Shape& y)
      : height(static_cast<int>(x[1])),
        width(static_cast<int>(x[2])),
        out_height(static_cast<int>(y[1])),
        out_width(static_cast<int>(y[2])),
        channels(static_cast<int>(x[3])) {}
};

/// What covers each of several images.
struct PoolGrid {
  unsigned blocks = 0;
  int64_t most_channels = 0;
  bool packs = true;

  template <typename T>
  void cover(const Tensor& image, std::initializer_list<const void*> pointers) {
    const int64_t channels = image.shape[3];
    blocks = std::max(blocks, cuda::blocks_for(image.shape[0] * tile_columns(channels), 1));
    most_channels = std::max(most_channels, channels);
    packs = packs && cuda::channels_in_packs<T>(channels, pointers);
  }
};

}  // namespace

/// argmax is null if it is not wanted.
template <typename T, int N>
__global__ void __launch_bounds__(kMaxThreads)
    max_pool_kernel(const T* x, T* y, uint8_t* argmax, MaxPoolSize size) {
  const int image = blockIdx.x / size.out_height, i = blockIdx.x % size.out_height;
  const int packs = size.channels / N;
  for (int item = threadIdx.x; item < size.out_width * packs; item += blockDim.x) {
    const int j = item / packs, channel = item % packs * N;
    // A position outside the image is moved to the nearest one inside. That one is in the window as
    // well, so that the maximum stays, and the first of equal ones.
    int u[kKernel], v[kKernel];
    cuda::Pack<T, N> window[kKernel][kKernel];
#pragma unroll
    for (int k = 0; k < kKernel; ++k) {
      const int h = kStride * i - kPadding, w = kStride * j - kPadding;
      u[k] = min(max(h + k, 0), size.height - 1) - h;
      v[k] = min(max(w + k, 0), size.width - 1) - w;
    }
#pragma unroll
    for (int k = 0; k < kKernel; ++k) {
#pragma unroll
      for (int l = 0; l < kKernel; ++l) {
        const int h = kStride * i - kPadding + u[k], w = kStride * j - kPadding + v[l];
        window[k][l] = cuda::load_pack<N>(
            x + ((int64_t{image} * size.height + h) * size.width + w) * size.channels + channel);
      }
    }
    cuda::Values<N, T> best;
    cuda::Pack<uint8_t, N> position;
#pragma unroll
    for (int e = 0; e < N; ++e) {
      auto largest = cuda::load(&window[0][0].value[e]);
      int where = kKernel * u[0] + v[0];
#pragma unroll
      for (int k = 1; k < kKernel * kKernel; ++k) {
        const auto value = cuda::load(&window[k / kKernel][k % kKernel].value[e]);
        if (value > largest) {
          largest = value;
          where = kKernel * u[k / kKernel] + v[k % kKernel];
        }
      }
      best.value[e] = largest;
      position.value[e] = static_cast<uint8_t>(where);
    }
    const int64_t out = (int64_t{blockIdx.x} * size.out_width + j) * size.channels + channel;
    cuda::store_values<N>(y + out, best);
    if (argmax) cuda::store_pack(argmax + out, position);
  }
}

template <typename T, int N>
__global__ void __launch_bounds__(kMaxThreads)
    max_pool_backward_kernel(const T* dy, const uint8_t* argmax, T* dx, bool add,
                             MaxPoolSize size) {
  const int image = blockIdx.x / size.height, h = blockIdx.x % size.height;
  const int packs = size.channels / N;
  for (int item = threadIdx.x; item < size.width * packs; item += blockDim.x) {
    const int w = item / packs, channel = item % packs * N;
    cuda::Values<N, T> sum = {};
    // The windows over (h, w): their first position is the padding before kStride times (i, j).
    for (int i = h / kStride; i <= min((h + kPadding) / kStride, size.out_height - 1); ++i) {
      for (int j = w / kStride; j <= min((w + kPadding) / kStride, size.out_width - 1); ++j) {
        const int here = kKernel * (h + kPadding - kStride * i) + w + kPadding - kStride * j;
        const int64_t out =
            ((int64_t{image} * size.out_height + i) * size.out_width + j) * size.channels + channel;
        const auto gradient = cuda::load_values<N>(dy + out);
        const auto position = cuda::load_pack<N>(argmax + out);
#pragma unroll
        for (int e = 0; e < N; ++e) {
          if (position.value[e] == here) sum.value[e] += gradient.value[e];
        }
      }
    }
    cuda::store_gradient<N>(dx + (int64_t{blockIdx.x} * size.width + w) * size.channels + channel,
                            sum, add);
  }
}

/// Images of one batch, and their means [batch, channels], a row of the grid each.
template <typename Image, typename Mean>
struct PooledImages {
  int64_t batch;
  Image* image[kMostPooledImages] = {};
  Mean* mean[kMostPooledImages] = {};
  int64_t pixels[kMostPooledImages] = {}, channels[kMostPooledImages] = {};
  bool add[kMostPooledImages] = {};

  void put(size_t i, const Tensor& its_image, const Tensor& its_mean, bool its_add = false) {
    image[i] = static_cast<Image*>(its_image.data);
    mean[i] = static_cast<Mean*>(its_mean.data);
    pixels[i] = its_image.shape[1] * its_image.shape[2];
    channels[i] = its_image.shape[3];
    add[i] = its_add;
  }
};

/// A block takes a tile of one picture, or none, where the grid is that of a larger image.
template <typename T, int N>
__global__ void __launch_bounds__(kTileThreads)
    global_average_pool_kernel(PooledImages<const T, accumulate_t<T>> images) {
  using A = accumulate_t<T>;
  __shared__ A lane_sum[kTileThreads * N];
  const int64_t pixels = images.pixels[blockIdx.y], channels = images.channels[blockIdx.y];
  const TilePlace place = tile_place(channels);
  const int64_t last = place.strip < images.batch ? channels : 0;
  const int64_t channel = place.first_channel + threadIdx.x * N;
  cuda::Values<N, T> sum = {};
  if (channel < last) {
    const T* x = images.image[blockIdx.y] + place.strip * pixels * channels + channel;
#pragma unroll 4
    for (int64_t pixel = threadIdx.y; pixel < pixels; pixel += blockDim.y) {
      const auto value = cuda::load_values<N>(x + pixel * channels);
#pragma unroll
      for (int e = 0; e < N; ++e) sum.value[e] += value.value[e];
    }
  }
  const unsigned width = blockDim.x * N;
  cuda::store_values<N>(lane_sum + threadIdx.y * width + threadIdx.x * N, sum);
  __syncthreads();
  const unsigned mine = threadIdx.y * blockDim.x + threadIdx.x;
  if (mine < width && place.first_channel + mine < last) {
    A all = 0;
    for (unsigned lane = 0; lane < blockDim.y; ++lane) all += lane_sum[lane * width + mine];
    images.mean[blockIdx.y][place.strip * channels + place.first_channel + mine] = all / A(pixels);
  }
}

template <typename T, int N>
__global__ void __launch_bounds__(kTileThreads)
    global_average_pool_backward_kernel(PooledImages<T, const accumulate_t<T>> images) {
  const int64_t pixels = images.pixels[blockIdx.y], channels = images.channels[blockIdx.y];
  const TilePlace place = tile_place(channels);
  const int64_t channel = place.first_channel + threadIdx.x * N;
  if (place.strip >= images.batch || channel >= channels) return;
  auto gradient = cuda::load_values<N>(images.mean[blockIdx.y] + place.strip * channels + channel);
#pragma unroll
  for (int e = 0; e < N; ++e) gradient.value[e] /= accumulate_t<T>(pixels);
  T* dx = images.image[blockIdx.y] + place.strip * pixels * channels + channel;
  for (int64_t pixel = threadIdx.y; pixel < pixels; pixel += blockDim.y)
    cuda::store_gradient<N>(dx + pixel * channels, gradient, images.add[blockIdx.y]);
}

void max_pool_cuda(Context& context, const MaxPoolArgs& args) {
  dispatch_float(args.x.dtype, [&]<typename Host>() {
    using T = cuda::device_t<Host>;
    const Shape& y = args.y.shape;
    const bool packs =
        cuda::channels_in_packs<T>(y[3], {args.x.data, args.y.data, args.argmax.data});
    cuda::with_pack_width<T>(packs, [&]<int N>() {
      cuda::launch(max_pool_kernel<T, N>, dim3(cuda::blocks_for(y[0] * y[1], 1)),
                   dim3(cuda::threads_for(y[2] * y[3] / N, kMaxThreads)), 0, cuda::stream(context),
                   static_cast<const T*>(args.x.data), static_cast<T*>(args.y.data),
                   static_cast<uint8_t*>(args.argmax.data), MaxPoolSize(args.x.shape, y));
    });
  });
}

void max_pool_backward_cuda(Context& context, const MaxPoolBackwardArgs& args) {
  const Tensor& dx_tensor = args.dx.tensor;
  dispatch_float(dx_tensor.dtype, [&]<typename Host>() {
    using T = cuda::device_t<Host>;
    const Shape& dx = dx_tensor.shape;
    const bool packs =
        cuda::channels_in_packs<T>(dx[3], {args.dy.data, args.argmax.data, dx_tensor.data});
    cuda::with_pack_width<T>(packs, [&]<int N>() {
      cuda::launch(max_pool_backward_kernel<T, N>, dim3(cuda::blocks_for(dx[0] * dx[1], 1)),
                   dim3(cuda::threads_for(dx[2] * dx[3] / N, kMaxThreads)), 0,
                   cuda::stream(context), static_cast<const T*>(args.dy.data),
                   static_cast<const uint8_t*>(args.argmax.data), static_cast<T*>(dx_tensor.data),
                   args.dx.add, MaxPoolSize(dx, args.dy.shape));
    });
  });
}

void global_average_pool_cuda(Context& context, std::span<const GlobalAveragePoolArgs> images) {
  dispatch_float(images[0].x.dtype, [&]<typename Host>() {
    using T = cuda::device_t<Host>;
    PooledImages<const T, accumulate_t<Host>> pooled{.batch = images[0].x.shape[0]};
    PoolGrid grid;
    for (size_t i = 0; i < images.size(); ++i) {
      pooled.put(i, images[i].x, images[i].y);
      grid.cover<T>(images[i].x, {images[i].x.data});
    }
    cuda::with_pack_width<T>(grid.packs, [&]<int N>() {
      cuda::launch(global_average_pool_kernel<T, N>, dim3(grid.blocks, images.size()),
                   tile_block(grid.most_channels, N), 0, cuda::stream(context), pooled);
    });
  });
}

void global_average_pool_backward_cuda(Context& context,
                                       std::span<const GlobalAveragePoolBackwardArgs> images) {
  dispatch_float(images[0].dx.tensor.dtype, [&]<typename Host>() {
    using T = cuda::device_t<Host>;
    PooledImages<T, const accumulate_t<Host>> pooled{.batch = images[0].dy.shape[0]};
    PoolGrid grid;
    for (size_t i = 0; i < images.size(); ++i) {
      const Gradient& dx = images[i].dx;
      pooled.put(i, dx.tensor, images[i].dy, dx.add);
      grid.cover<T>(dx.tensor, {images[i].dy.data, dx.tensor.data});
    }
    cuda::with_pack_width<T>(grid.packs, [&]<int N>() {
      cuda::launch(global_average_pool_backward_kernel<T, N>, dim3(grid.blocks, images.size()),
                   tile_block(grid.most_channels, N), 0, cuda::stream(context), pooled);
    });
  });
}

}  // namespace lanet
