// The stem's batch norm, ReLU and maximum pool on CUDA, backward. The picture is cut into squares
// of two by two pixels, one a window: as a window has stride 2, the four pixels of square (i, j)
// lie in the windows (i, j) to (i+1, j+1) alone. The sums take two launches, as in
// batch_norm_backward.cu.
#include "kernels/batch_norm_cuda.cuh"
#include "kernels/batch_norm_pool.h"
#include "kernels/batch_norm_pool_cuda.cuh"

namespace lanet {

namespace {
constexpr int kSquares = 4;       // that a thread takes, in backward_apply
constexpr int kBlocksAtOnce = 2;  // on a processor: one alone leaves too few loads under way
}  // namespace

/// A square of two by two pixels, and the windows (i, j), (i, j+1), (i+1, j), (i+1, j+1) over it.
template <typename T, int N>
struct Square {
  cuda::Pack<T, N> x[2][2], dy[2][2];
  cuda::Pack<uint8_t, N> argmax[2][2];
  int64_t first;     // where the first pixel is in x
  int right, below;  // from there to its neighbours; 0 where the picture ends

  /// The square of window number `window`. A pixel outside has no gradient, and its neighbour is
  /// read in its place; a window outside has no maximum.
  __device__ Square(const T* all_x, const T* all_dy, const uint8_t* all_argmax,
                    const StemSize& size, int window, int64_t channel) {
    const int row = window / size.out_width, j = window % size.out_width;
    const int image = row / size.out_height, i = row % size.out_height;
    first = size.pixel(image, kStride * i, kStride * j) + channel;
    right = kStride * j + 1 < size.width ? size.channels : 0;
    below = kStride * i + 1 < size.height ? size.width * size.channels : 0;
#pragma unroll
    for (int a = 0; a < 2; ++a) {
#pragma unroll
      for (int b = 0; b < 2; ++b) {
        x[a][b] = cuda::load_pack<N>(all_x + at(a, b));
        if (i + a < size.out_height && j + b < size.out_width) {
          const int64_t from = size.window(image, i + a, j + b) + channel;
          dy[a][b] = cuda::load_pack<N>(all_dy + from);
          argmax[a][b] = cuda::load_pack<N>(all_argmax + from);
        } else {
          dy[a][b] = x[a][b];
#pragma unroll
          for (int e = 0; e < N; ++e) argmax[a][b].value[e] = kMaxPoolCutOff;
        }
      }
    }
  }

  /// Where pixel (a, b) is in x.
  __device__ int64_t at(int a, int b) const {
    return first + a * below + b * right;
  }
  __device__ bool is_inside(int a, int b) const {
    return (a == 0 || below > 0) && (b == 0 || right > 0);
  }

  /// What passes back to pixel (a, b) in channel e: of the windows over it, those whose maximum it
  /// is, in the order of rows and columns.
  __device__ accumulate_t<T> g(int a, int b, int e) const {
    accumulate_t<T> sum = 0;
#pragma unroll
    for (int k = 0; k <= a; ++k) {
#pragma unroll
      for (int l = 0; l <= b; ++l) {
        const int here = kKernel * (a + kPadding - kStride * k) + b + kPadding - kStride * l;
        if (argmax[k][l].value[e] == here) sum += cuda::load(&dy[k][l].value[e]);
      }
    }
    return sum;
  }
};

/// Leaves Σ g and Σ g·(x − mean), by strip of squares and channel.
template <typename T, int N>
__global__ void __launch_bounds__(kTileThreads, kBlocksAtOnce)
    batch_norm_max_pool_strip_gradients_kernel(const T* x, const T* dy, const uint8_t* argmax,
                                               const accumulate_t<T>* mean, StemSize size,
                                               Strips strips, StripSums<accumulate_t<T>> sums) {
  using A = accumulate_t<T>;
  __shared__ A lane_sum[kTileThreads * N], lane_product[kTileThreads * N];
  const TilePlace place = tile_place(strips.channels);
  const int64_t channel = place.first_channel + threadIdx.x * N;
  cuda::Values<N, T> sum = {}, product = {};
  if (channel < strips.channels) {
    const auto center = cuda::load_values<N>(mean + channel);
    const auto first = static_cast<int>(strips.first_row(place.strip));
    const auto squares = static_cast<int>(strips.rows_of(place.strip));
    for (int s = threadIdx.y; s < squares; s += blockDim.y) {
      const Square<T, N> square(x, dy, argmax, size, first + s, channel);
#pragma unroll
      for (int e = 0; e < N; ++e) {
#pragma unroll
        for (int a = 0; a < 2; ++a) {
#pragma unroll
          for (int b = 0; b < 2; ++b) {
            const A g = square.g(a, b, e);
            sum.value[e] += g;
            product.value[e] += g * (cuda::load(&square.x[a][b].value[e]) - center.value[e]);
          }
        }
      }
    }
  }
  const unsigned width = blockDim.x * N;
  cuda::store_values<N>(lane_sum + threadIdx.y * width + threadIdx.x * N, sum);
  cuda::store_values<N>(lane_product + threadIdx.y * width + threadIdx.x * N, product);
  __syncthreads();
  const unsigned mine = threadIdx.y * blockDim.x + threadIdx.x;
  if (mine < width && place.first_channel + mine < strips.channels) {
    A strip_sum = 0, strip_product = 0;
    for (unsigned lane = 0; lane < blockDim.y; ++lane) {
      strip_sum += lane_sum[lane * width + mine];
      strip_product += lane_product[lane * width + mine];
    }
    const int64_t to = place.strip * strips.channels + place.first_channel + mine;
    sums.first[to] = strip_sum;
    sums.second[to] = strip_product;
  }
}

/// The sums and gradients of the parameters; a gradient that is not wanted is null.
template <typename A>
struct BatchNormMaxPoolReduceKernelArgs {
  const A* inv_std;
  A* sum_dy;
  A* sum_dy_xhat;
  A* dweight;
  A* dbias;
  bool add_to_dweight, add_to_dbias;
};

/// Joins the strips.
template <typename A>
__global__ void __launch_bounds__(kMaxJoinThreads)
    batch_norm_max_pool_backward_reduce_kernel(Strips strips, StripSums<A> sums,
                                               BatchNormMaxPoolReduceKernelArgs<A> args) {
  __shared__ JoinScratch scratch;
  const int64_t channel = int64_t{blockIdx.x} * kJoinChannels + threadIdx.x % kJoinChannels;
  const unsigned group = threadIdx.x / kJoinChannels, groups = blockDim.x / kJoinChannels;
  const int64_t end = channel < strips.channels ? strips.strips : 0;
  double sum = 0, product = 0;
  for (int64_t s = group; s < end; s += groups) {
    sum += double(sums.first[s * strips.channels + channel]);
    product += double(sums.second[s * strips.channels + channel]);
  }
  sum = sum_over_groups(sum, scratch);
  product = sum_over_groups(product, scratch);
  if (channel < strips.channels && group == 0) {
    const A sum_dy = A(sum), sum_dy_xhat = A(product * double(args.inv_std[channel]));
    args.sum_dy[channel] = sum_dy;
    args.sum_dy_xhat[channel] = sum_dy_xhat;
    if (args.dweight)
      args.dweight[channel] =
          args.add_to_dweight ? args.dweight[channel] + sum_dy_xhat : sum_dy_xhat;
    if (args.dbias) args.dbias[channel] = args.add_to_dbias ? args.dbias[channel] + sum_dy : sum_dy;
  }
}

template <typename T>
struct BatchNormMaxPoolBackwardApplyKernelArgs {
  const T* x;
  const T* dy;
  const uint8_t* argmax;
  T* dx;
  const accumulate_t<T>* mean;
  const accumulate_t<T>* inv_std;
  const accumulate_t<T>* weight;
  const accumulate_t<T>* sum_dy;
  const accumulate_t<T>* sum_dy_xhat;
  int64_t rows;  // B·H·W
  bool add_to_dx;
};

/// dx = scale·(g − offset) + slope·(x − mean): exactly 0 where there is one row.
template <typename T, int N>
__global__ void __launch_bounds__(kTileThreads, kBlocksAtOnce)
    batch_norm_max_pool_backward_apply_kernel(BatchNormMaxPoolBackwardApplyKernelArgs<T> args,
                                              StemSize size) {
  using A = accumulate_t<T>;
  const TilePlace place = tile_place(size.channels);
  const int64_t channel = place.first_channel + threadIdx.x * N;
  if (channel >= size.channels) return;
  const auto mean = cuda::load_values<N>(args.mean + channel);
  const auto inv_std = cuda::load_values<N>(args.inv_std + channel);
  auto scale = cuda::load_values<N>(args.weight + channel);
  auto offset = cuda::load_values<N>(args.sum_dy + channel);
  auto slope = cuda::load_values<N>(args.sum_dy_xhat + channel);
#pragma unroll
  for (int e = 0; e < N; ++e) {
    scale.value[e] *= inv_std.value[e];
    offset.value[e] /= A(args.rows);
    slope.value[e] = -scale.value[e] * inv_std.value[e] * (slope.value[e] / A(args.rows));
  }
  int64_t window = place.strip * kSquares * blockDim.y + threadIdx.y;
  const int64_t end = min(size.windows, window + kSquares * blockDim.y);
  for (; window < end; window += blockDim.y) {
    const Square<T, N> square(args.x, args.dy, args.argmax, size, static_cast<int>(window),
                              channel);
    // A channel at a time: what is unpacked of it need not be kept.
    cuda::Values<N, T> dx[2][2];
#pragma unroll
    for (int e = 0; e < N; ++e) {
#pragma unroll
      for (int a = 0; a < 2; ++a) {
#pragma unroll
        for (int b = 0; b < 2; ++b)
          dx[a][b].value[e] =
              scale.value[e] * (square.g(a, b, e) - offset.value[e]) +
              slope.value[e] * (cuda::load(&square.x[a][b].value[e]) - mean.value[e]);
      }
    }
#pragma unroll
    for (int a = 0; a < 2; ++a) {
#pragma unroll
      for (int b = 0; b < 2; ++b) {
        if (square.is_inside(a, b))
          cuda::store_gradient<N>(args.dx + square.at(a, b), dx[a][b], args.add_to_dx);
      }
    }
  }
}

size_t batch_norm_max_pool_cuda_workspace_bytes(const Shape& x) {
  const Strips strips({x[0], max_pool_size(x[1]), max_pool_size(x[2]), x[3]});
  return static_cast<size_t>(2 * strips.strips * strips.channels) * sizeof(double);
}

void batch_norm_max_pool_backward_reduce_cuda(Context& context,
                                              const BatchNormMaxPoolBackwardReduceArgs& args) {
  dispatch_float(args.x.dtype, [&]<typename Host>() {
    using T = cuda::device_t<Host>;
    using A = accumulate_t<Host>;
    const StemSize size(args.x.shape, args.dy.shape);
    const Strips strips(args.dy.shape);
    const StripSums<A> sums(
        context.workspace(batch_norm_max_pool_cuda_workspace_bytes(args.x.shape)), strips);
    const bool packs = cuda::channels_in_packs<T>(
        size.channels, {args.x.data, args.dy.data, args.argmax.data, args.mean.data});
    cuda::with_pack_width<T>(packs, [&]<int N>() {
      cuda::launch(batch_norm_max_pool_strip_gradients_kernel<T, N>, strips.grid(),
                   tile_block(size.channels, N), 0, cuda::stream(context),
                   static_cast<const T*>(args.x.data), static_cast<const T*>(args.dy.data),
                   static_cast<const uint8_t*>(args.argmax.data),
                   static_cast<const A*>(args.mean.data), size, strips, sums);
    });
    const BatchNormMaxPoolReduceKernelArgs<A> out{
        .inv_std = static_cast<const A*>(args.inv_std.data),
        .sum_dy = static_cast<A*>(args.sum_dy.data),
        .sum_dy_xhat = static_cast<A*>(args.sum_dy_xhat.data),
        .dweight = static_cast<A*>(args.dweight.tensor.data),
        .dbias = static_cast<A*>(args.dbias.tensor.data),
        .add_to_dweight = args.dweight.add,
        .add_to_dbias = args.dbias.add};
    cuda::launch(batch_norm_max_pool_backward_reduce_kernel<A>,
                 dim3(cuda::blocks_for(strips.channels, kJoinChannels)), join_block(strips), 0,
                 cuda::stream(context), strips, sums, out);
  });
}

void batch_norm_max_pool_backward_apply_cuda(Context& context,
                                             const BatchNormMaxPoolBackwardApplyArgs& args) {
  dispatch_float(args.x.dtype, [&]<typename Host>() {
    using T = cuda::device_t<Host>;
    using A = accumulate_t<Host>;
    const StemSize size(args.x.shape, args.dy.shape);
    const BatchNormMaxPoolBackwardApplyKernelArgs<T> kernel_args{
        .x = static_cast<const T*>(args.x.data),
        .dy = static_cast<const T*>(args.dy.data),
        .argmax = static_cast<const uint8_t*>(args.argmax.data),
        .dx = static_cast<T*>(args.dx.tensor.data),
        .mean = static_cast<const A*>(args.mean.data),
        .inv_std = static_cast<const A*>(args.inv_std.data),
        .weight = static_cast<const A*>(args.weight.data),
        .sum_dy = static_cast<const A*>(args.sum_dy.data),
        .sum_dy_xhat = static_cast<const A*>(args.sum_dy_xhat.data),
        .rows = args.x.elements() / size.channels,
        .add_to_dx = args.dx.add};
    const bool packs = cuda::channels_in_packs<T>(
        size.channels,
        {args.x.data, args.dy.data, args.argmax.data, args.dx.tensor.data, args.mean.data,
         args.inv_std.data, args.weight.data, args.sum_dy.data, args.sum_dy_xhat.data});
    cuda::with_pack_width<T>(packs, [&]<int N>() {
      const dim3 block = tile_block(size.channels, N);
      const int64_t strips = cuda::blocks_for(size.windows, kSquares * block.y);
      cuda::launch(batch_norm_max_pool_backward_apply_kernel<T, N>,
                   dim3(cuda::blocks_for(strips * tile_columns(size.channels), 1)), block, 0,
                   cuda::stream(context), kernel_args, size);
    });
  });
}

}  // namespace lanet
