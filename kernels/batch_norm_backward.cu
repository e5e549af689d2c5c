// Batch normalisation on CUDA, backward: the sums in two launches, as the statistics in
// batch_norm.cu, and the gradients of x and of the residual in one.
#include "kernels/batch_norm.h"
#include "kernels/batch_norm_cuda.cuh"

namespace lanet {

namespace {
/// Rows that a thread reads before it works on them.
template <int N>
constexpr int kRowsAtOnce = N == 8 ? 2 : 4;
constexpr int kApplyRows = 8;  // rows a thread writes

/// What a thread reads of one row: N channels of x, of dy, and of y where ReLU cuts off.
template <typename T, int N>
struct BackwardRow {
  cuda::Pack<T, N> x, dy, y;

  __device__ void load(const T* all_x, const T* all_dy, const T* all_y, int64_t at) {
    x = cuda::load_pack<N>(all_x + at);
    dy = cuda::load_pack<N>(all_dy + at);
    if (all_y) y = cuda::load_pack<N>(all_y + at);
  }
  /// dy where y > 0, else 0; without ReLU dy.
  __device__ accumulate_t<T> g(int e, bool relu) const {
    return relu && !(cuda::load(&y.value[e]) > 0) ? 0 : cuda::load(&dy.value[e]);
  }
};

}  // namespace

/// Leaves Σ g and Σ g·(x − mean), by strip and channel. y is null without ReLU.
template <typename T, int N>
__global__ void __launch_bounds__(kTileThreads)
    batch_norm_strip_gradients_kernel(const T* x, const T* dy, const T* y,
                                      const accumulate_t<T>* mean, Strips strips,
                                      StripSums<accumulate_t<T>> sums) {
  using A = accumulate_t<T>;
  __shared__ A lane_sum[kTileThreads * N], lane_product[kTileThreads * N];
  const TilePlace place = tile_place(strips.channels);
  const int64_t channel = place.first_channel + threadIdx.x * N;
  const int64_t rows = strips.rows_of(place.strip), step = blockDim.y;
  const int64_t start = strips.first_row(place.strip) * strips.channels + channel;
  cuda::Values<N, T> sum = {}, product = {};
  if (channel < strips.channels) {
    const auto center = cuda::load_values<N>(mean + channel);
    auto take_rows = [&]<int kRows>(int64_t row) {
      BackwardRow<T, N> read[kRows];
#pragma unroll
      for (int r = 0; r < kRows; ++r)
        read[r].load(x, dy, y, start + (row + r * step) * strips.channels);
#pragma unroll
      for (int r = 0; r < kRows; ++r) {
#pragma unroll
        for (int e = 0; e < N; ++e) {
          const A g = read[r].g(e, y != nullptr);
          sum.value[e] += g;
          product.value[e] += g * (cuda::load(&read[r].x.value[e]) - center.value[e]);
        }
      }
    };
    int64_t row = threadIdx.y;
    for (; row + (kRowsAtOnce<N> - 1) * step < rows; row += kRowsAtOnce<N> * step)
      take_rows.template operator()<kRowsAtOnce<N>>(row);
    for (; row < rows; row += step) take_rows.template operator()<1>(row);
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
    const int64_t at = place.strip * strips.channels + place.first_channel + mine;
    sums.first[at] = strip_sum;
    sums.second[at] = strip_product;
  }
}

/// The sums and gradients of the parameters; a gradient that is not wanted is null.
template <typename A>
struct BatchNormReduceKernelArgs {
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
    batch_norm_backward_reduce_kernel(Strips strips, StripSums<A> sums,
                                      BatchNormReduceKernelArgs<A> args) {
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
struct BatchNormBackwardApplyKernelArgs {
  const T* x;
  const T* dy;
  const T* y;    // null without ReLU
  T* dx;         // null if not wanted
  T* dresidual;  // the same
  const accumulate_t<T>* mean;
  const accumulate_t<T>* inv_std;
  const accumulate_t<T>* weight;
  const accumulate_t<T>* sum_dy;
  const accumulate_t<T>* sum_dy_xhat;
  int64_t rows, channels;
  bool add_to_dx, add_to_dresidual;
};

/// dx = scale·(g − offset) + slope·(x − mean): exactly 0 where there is one row.
template <typename T, int N>
__global__ void __launch_bounds__(kTileThreads)
    batch_norm_backward_apply_kernel(BatchNormBackwardApplyKernelArgs<T> args) {
  using A = accumulate_t<T>;
  constexpr int kRows = kRowsAtOnce<N>;
  const TilePlace place = tile_place(args.channels);
  const int64_t channel = place.first_channel + threadIdx.x * N;
  if (channel >= args.channels) return;
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
  int64_t row = place.strip * kApplyRows * blockDim.y + threadIdx.y;
  for (int batch = 0; batch < kApplyRows / kRows; ++batch) {
    BackwardRow<T, N> read[kRows];
    int64_t at[kRows];
#pragma unroll
    for (int r = 0; r < kRows; ++r, row += blockDim.y) {
      // Past the end the last row is read, and nothing written.
      at[r] = row < args.rows ? row * args.channels + channel : -1;
      read[r].load(args.x, args.dy, args.y, min(row, args.rows - 1) * args.channels + channel);
    }
#pragma unroll
    for (int r = 0; r < kRows; ++r) {
      cuda::Values<N, T> dx, g;
#pragma unroll
      for (int e = 0; e < N; ++e) {
        g.value[e] = read[r].g(e, args.y != nullptr);
        dx.value[e] = scale.value[e] * (g.value[e] - offset.value[e]) +
                      slope.value[e] * (cuda::load(&read[r].x.value[e]) - mean.value[e]);
      }
      if (at[r] < 0) continue;
      if (args.dx) cuda::store_gradient<N>(args.dx + at[r], dx, args.add_to_dx);
      if (args.dresidual) cuda::store_gradient<N>(args.dresidual + at[r], g, args.add_to_dresidual);
    }
  }
}

void batch_norm_backward_reduce_cuda(Context& context, const BatchNormBackwardReduceArgs& args) {
  dispatch_float(args.x.dtype, [&]<typename Host>() {
    using T = cuda::device_t<Host>;
    using A = accumulate_t<Host>;
    const Strips strips(args.x.shape);
    const StripSums<A> sums(context.workspace(batch_norm_cuda_workspace_bytes(args.x.shape)),
                            strips);
    const T *x = static_cast<const T*>(args.x.data), *dy = static_cast<const T*>(args.dy.data),
            *y = args.relu ? static_cast<const T*>(args.y.data) : nullptr;
    const A* mean = static_cast<const A*>(args.mean.data);
    const bool packs = cuda::channels_in_packs<T>(strips.channels, {x, dy, y, mean});
    cuda::with_pack_width<T>(packs, [&]<int N>() {
      cuda::launch(batch_norm_strip_gradients_kernel<T, N>, strips.grid(),
                   tile_block(strips.channels, N), 0, cuda::stream(context), x, dy, y, mean, strips,
                   sums);
    });
    const BatchNormReduceKernelArgs<A> out{.inv_std = static_cast<const A*>(args.inv_std.data),
                                           .sum_dy = static_cast<A*>(args.sum_dy.data),
                                           .sum_dy_xhat = static_cast<A*>(args.sum_dy_xhat.data),
                                           .dweight = static_cast<A*>(args.dweight.tensor.data),
                                           .dbias = static_cast<A*>(args.dbias.tensor.data),
                                           .add_to_dweight = args.dweight.add,
                                           .add_to_dbias = args.dbias.add};
    cuda::launch(batch_norm_backward_reduce_kernel<A>,
                 dim3(cuda::blocks_for(strips.channels, kJoinChannels)), join_block(strips), 0,
                 cuda::stream(context), strips, sums, out);
  });
}

void batch_norm_backward_apply_cuda(Context& context, const BatchNormBackwardApplyArgs& args) {
  if (!args.dx && !args.dresidual) return;
  dispatch_float(args.x.dtype, [&]<typename Host>() {
    using T = cuda::device_t<Host>;
    using A = accumulate_t<Host>;
    const int64_t channels = args.x.shape.back();
    const BatchNormBackwardApplyKernelArgs<T> kernel_args{
        .x = static_cast<const T*>(args.x.data),
        .dy = static_cast<const T*>(args.dy.data),
        .y = args.relu ? static_cast<const T*>(args.y.data) : nullptr,
        .dx = static_cast<T*>(args.dx.tensor.data),
        .dresidual = static_cast<T*>(args.dresidual.tensor.data),
        .mean = static_cast<const A*>(args.mean.data),
        .inv_std = static_cast<const A*>(args.inv_std.data),
        .weight = static_cast<const A*>(args.weight.data),
        .sum_dy = static_cast<const A*>(args.sum_dy.data),
        .sum_dy_xhat = static_cast<const A*>(args.sum_dy_xhat.data),
        .rows = args.x.elements() / channels,
        .channels = channels,
        .add_to_dx = args.dx.add,
        .add_to_dresidual = args.dresidual.add};
    const bool packs = cuda::channels_in_packs<T>(
        channels, {kernel_args.x, kernel_args.dy, kernel_args.y, kernel_args.dx,
                   kernel_args.dresidual, kernel_args.mean, kernel_args.inv_std, kernel_args.weight,
                   kernel_args.sum_dy, kernel_args.sum_dy_xhat});
    cuda::with_pack_width<T>(packs, [&]<int N>() {
      const dim3 block = tile_block(channels, N);
      const int64_t strips = cuda::blocks_for(kernel_args.rows, kApplyRows * block.y);
      cuda::launch(batch_norm_backward_apply_kernel<T, N>,
                   dim3(cuda::blocks_for(strips * tile_columns(channels), 1)), block, 0,
                   cuda::stream(context), kernel_args);
    });
  });
}

}  // namespace lanet
