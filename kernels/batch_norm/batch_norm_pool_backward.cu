// The stem's batch norm, ReLU and maximum pool on CUDA, backward. The picture is cut into squares
// of two by two pixels, one a window: as a window has stride 2, the four pixels of square (i, j)
// lie in the windows (i, j) to (i+1, j+1) alone. The sums take two launches, as in
// batch_norm_backward.cu.
#include "kernels/batch_norm/batch_norm_cuda.cuh"
#include "kernels/batch_norm/batch_norm_pool.h"
#include "kernels/batch_norm/batch_norm_pool_cuda.cuh"
#include "kernels/cuda_operations.h"

namespace lanet {

namespace {
constexpr int kSquares = 4;       // that a thread takes, in backward_apply
constexpr int kBlocksAtOnce = 2;  // on a processor: one alone leaves too few loads under way
}  // namespace

/// Where a square lies: in which picture, and as which window.
struct SquarePlace {
  int image, i, j;

  __device__ SquarePlace(const StemSize& size, int window) {
    const int row = window / size.out_width;
    image = row / size.out_height;
    i = row % size.out_height;
    j = window % size.out_width;
  }
  /// Goes to the square `step` windows further, without a division.
  __device__ void advance(const StemSize& size, int step) {
    for (j += step; j >= size.out_width; j -= size.out_width) {
      if (++i == size.out_height) {
        i = 0;
        ++image;
      }
    }
  }
};

/// N bytes, four to a word where they come in fours: an operation on all of them takes one
/// instruction per word.
template <int N>
struct PackOfBytes {
  using Word = std::conditional_t<N % 4 == 0, uint32_t, uint8_t>;
  static constexpr int kInWord = sizeof(Word);
  cuda::Pack<Word, N / kInWord> words;

  __device__ void load(const uint8_t* bytes) {
    words = cuda::load_pack<N / kInWord>(reinterpret_cast<const Word*>(bytes));
  }
  __device__ void fill(uint8_t byte) {
#pragma unroll
    for (int w = 0; w < N / kInWord; ++w) words.value[w] = static_cast<Word>(0x01010101u * byte);
  }
  __device__ int at(int e) const {
    return words.value[e / kInWord] >> e % kInWord * 8 & 0xFF;
  }
};

/// A square of two by two pixels, and the windows (i, j), (i, j+1), (i+1, j), (i+1, j+1) over it.
template <typename T, int N>
struct Square {
  cuda::Pack<T, N> x[2][2], dy[2][2];
  PackOfBytes<N> argmax[2][2];
  int64_t first;     // where the first pixel is in x
  int right, below;  // from there to its neighbours; 0 where the picture ends

  /// Reads the square. A pixel outside has no gradient, and its neighbour is read in its place; so
  /// is that of a window outside, which then has no maximum: no load depends on a branch.
  __device__ Square(const T* all_x, const T* all_dy, const uint8_t* all_argmax,
                    const StemSize& size, const SquarePlace& place, int64_t channel) {
    first = size.pixel(place.image, kStride * place.i, kStride * place.j) + channel;
    right = kStride * place.j + 1 < size.width ? size.channels : 0;
    below = kStride * place.i + 1 < size.height ? size.width * size.channels : 0;
    const bool inside[] = {place.i + 1 < size.out_height, place.j + 1 < size.out_width};
    const int64_t window = size.window(place.image, place.i, place.j) + channel;
#pragma unroll
    for (int a = 0; a < 2; ++a) {
#pragma unroll
      for (int b = 0; b < 2; ++b) {
        const bool is_window = (a == 0 || inside[0]) && (b == 0 || inside[1]);
        const int64_t from = window + (is_window ? (a * size.out_width + b) * size.channels : 0);
        x[a][b] = cuda::load_pack<N>(all_x + at(a, b));
        dy[a][b] = cuda::load_pack<N>(all_dy + from);
        argmax[a][b].load(all_argmax + from);
        if (!is_window) argmax[a][b].fill(kMaxPoolCutOff);
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
        if (argmax[k][l].at(e) == here) sum += cuda::element(dy[k][l], e);
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
  const TilePlace tile = tile_place(strips.channels);
  const int64_t channel = tile.first_channel + threadIdx.x * N;
  cuda::Values<N, T> sum = {}, product = {};
  if (channel < strips.channels) {
    const auto center = cuda::load_values<N>(mean + channel);
    const auto first = static_cast<int>(strips.first_row(tile.strip));
    const auto squares = static_cast<int>(strips.rows_of(tile.strip));
    SquarePlace place(size, first + static_cast<int>(threadIdx.y));
    for (int s = threadIdx.y; s < squares; s += blockDim.y, place.advance(size, blockDim.y)) {
      const Square<T, N> square(x, dy, argmax, size, place, channel);
#pragma unroll
      for (int e = 0; e < N; ++e) {
#pragma unroll
        for (int a = 0; a < 2; ++a) {
#pragma unroll
          for (int b = 0; b < 2; ++b) {
            const A g = square.g(a, b, e);
            sum.value[e] += g;
            product.value[e] += g * (cuda::element(square.x[a][b], e) - center.value[e]);
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
  if (mine < width && tile.first_channel + mine < strips.channels) {
    A strip_sum = 0, strip_product = 0;
    for (unsigned lane = 0; lane < blockDim.y; ++lane) {
      strip_sum += lane_sum[lane * width + mine];
      strip_product += lane_product[lane * width + mine];
    }
    const int64_t to = tile.strip * strips.channels + tile.first_channel + mine;
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
    batch_norm_max_pool_backward_reduce_kernel(Strips strips, StripSums<A> strip_sums,
                                               BatchNormMaxPoolReduceKernelArgs<A> args) {
  __shared__ JoinScratch<2> scratch;
  const A* const arrays[] = {strip_sums.first, strip_sums.second};
  const JoinThread thread(strips);
  const int channel = thread.channel;
  double sums[2];
  join_strips(thread, arrays, scratch, sums);
  if (thread.writes()) {
    const A sum_dy = A(sums[0]), sum_dy_xhat = A(sums[1] * double(args.inv_std[channel]));
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
  const TilePlace tile = tile_place(size.channels);
  const int64_t channel = tile.first_channel + threadIdx.x * N;
  if (channel >= size.channels) return;
  const auto mean = cuda::load_values<N>(args.mean + channel);
  const auto inv_std = cuda::load_values<N>(args.inv_std + channel);
  auto scale = cuda::load_values<N>(args.weight + channel);
  auto offset = cuda::load_values<N>(args.sum_dy + channel);
  auto slope = cuda::load_values<N>(args.sum_dy_xhat + channel);
  const A share = 1 / A(args.rows);  // exact for one row
#pragma unroll
  for (int e = 0; e < N; ++e) {
    scale.value[e] *= inv_std.value[e];
    offset.value[e] *= share;
    slope.value[e] *= -scale.value[e] * inv_std.value[e] * share;
  }
  int64_t window = tile.strip * kSquares * blockDim.y + threadIdx.y;
  const int64_t end = min(size.windows, window + kSquares * blockDim.y);
  SquarePlace place(size, static_cast<int>(window));
  for (; window < end; window += blockDim.y, place.advance(size, blockDim.y)) {
    const Square<T, N> square(args.x, args.dy, args.argmax, size, place, channel);
    // A channel at a time: what is unpacked of it need not be kept.
    cuda::Values<N, T> dx[2][2];
#pragma unroll
    for (int e = 0; e < N; ++e) {
#pragma unroll
      for (int a = 0; a < 2; ++a) {
#pragma unroll
        for (int b = 0; b < 2; ++b)
          dx[a][b].value[e] = scale.value[e] * (square.g(a, b, e) - offset.value[e]) +
                              slope.value[e] * (cuda::element(square.x[a][b], e) - mean.value[e]);
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
    cuda::launch(batch_norm_max_pool_backward_reduce_kernel<A>, join_grid(strips),
                 join_block(strips), 0, cuda::stream(context), strips, sums, out);
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
      cuda::launch(batch_norm_max_pool_backward_apply_kernel<T, N>,
                   tile_grid(size.windows, size.channels, block, kSquares), block, 0,
                   cuda::stream(context), kernel_args, size);
    });
  });
}

}  // namespace lanet
