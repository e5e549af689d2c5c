// Batch normalisation on CUDA, forward. The statistics take two launches: one reads x and leaves
// mean and squared differences of each strip of rows, one joins the strips. Everything is counted
// from the first row of x, so that a mean far larger than the deviation costs no digits.
#include "kernels/batch_norm.h"

#include "kernels/batch_norm_cuda.cuh"

namespace lanet {

namespace {
/// Rows that a thread reads before it works on them; of all dtypes as many bytes are under way.
template <int N>
constexpr int kRowsAtOnce = N == 8 ? 4 : 8;
constexpr int kApplyRows = 8;  // rows a thread writes
}  // namespace

/// Leaves mean − first row and the sum of squared differences from the mean, by strip and channel.
template <typename T, int N>
__global__ void __launch_bounds__(kTileThreads)
    batch_norm_strip_statistics_kernel(const T* x, Strips strips, StripSums<accumulate_t<T>> sums) {
  using A = accumulate_t<T>;
  __shared__ A lane_mean[kTileThreads * N], lane_squares[kTileThreads * N];
  const TilePlace place = tile_place(strips.channels);
  const int64_t channel = place.first_channel + threadIdx.x * N;
  const int64_t rows = strips.rows_of(place.strip), step = blockDim.y;
  const T* strip = x + strips.first_row(place.strip) * strips.channels;
  cuda::Values<N, T> mean = {}, squares = {};
  if (channel < strips.channels) {
    const auto origin = cuda::load_values<N>(x + channel);
    int count = 0;
    // Joins the statistics of kRows rows to those of the `count` before (Chan, Golub, LeVeque
    // 1983).
    auto take_rows = [&]<int kRows>(int64_t row) {
      cuda::Pack<T, N> packs[kRows];
#pragma unroll
      for (int r = 0; r < kRows; ++r)
        packs[r] = cuda::load_pack<N>(strip + (row + r * step) * strips.channels + channel);
      const A share = A(kRows) / A(count + kRows), spread = share * A(count);
#pragma unroll
      for (int e = 0; e < N; ++e) {
        A value[kRows], sum = 0, square = 0;
#pragma unroll
        for (int r = 0; r < kRows; ++r) {
          value[r] = cuda::load(&packs[r].value[e]) - origin.value[e];
          sum += value[r];
        }
        const A their_mean = sum / A(kRows);
#pragma unroll
        for (int r = 0; r < kRows; ++r) square += (value[r] - their_mean) * (value[r] - their_mean);
        const A difference = their_mean - mean.value[e];
        mean.value[e] += difference * share;
        squares.value[e] += square + difference * difference * spread;
      }
      count += kRows;
    };
    int64_t row = threadIdx.y;
    for (; row + (kRowsAtOnce<N> - 1) * step < rows; row += kRowsAtOnce<N> * step)
      take_rows.template operator()<kRowsAtOnce<N>>(row);
    for (; row < rows; row += step) take_rows.template operator()<1>(row);
  }
  const unsigned width = blockDim.x * N, lanes = blockDim.y;
  cuda::store_values<N>(lane_mean + threadIdx.y * width + threadIdx.x * N, mean);
  cuda::store_values<N>(lane_squares + threadIdx.y * width + threadIdx.x * N, squares);
  __syncthreads();
  const unsigned mine = threadIdx.y * blockDim.x + threadIdx.x;
  if (mine < width && place.first_channel + mine < strips.channels) {
    // Lane l took every lanes-th row from the l-th on.
    const auto each = static_cast<unsigned>(rows / step), more = static_cast<unsigned>(rows % step);
    A strip_mean = 0, strip_squares = 0;
    for (unsigned lane = 0; lane < lanes; ++lane)
      strip_mean += A(each + (lane < more)) * lane_mean[lane * width + mine];
    strip_mean /= A(rows);
    for (unsigned lane = 0; lane < lanes; ++lane) {
      const A difference = lane_mean[lane * width + mine] - strip_mean;
      strip_squares +=
          lane_squares[lane * width + mine] + A(each + (lane < more)) * difference * difference;
    }
    const int64_t at = place.strip * strips.channels + place.first_channel + mine;
    sums.first[at] = strip_mean;
    sums.second[at] = strip_squares;
  }
}

/// Joins the strips. The running statistics are null if they are not tracked.
template <typename T>
__global__ void __launch_bounds__(kMaxJoinThreads)
    batch_norm_statistics_kernel(const T* x, Strips strips, StripSums<accumulate_t<T>> sums,
                                 accumulate_t<T>* mean_out, accumulate_t<T>* inv_std,
                                 accumulate_t<T>* running_mean, accumulate_t<T>* running_var) {
  using A = accumulate_t<T>;
  __shared__ JoinScratch scratch;
  const int64_t channel = int64_t{blockIdx.x} * kJoinChannels + threadIdx.x % kJoinChannels;
  const unsigned group = threadIdx.x / kJoinChannels, groups = blockDim.x / kJoinChannels;
  const int64_t end = channel < strips.channels ? strips.strips : 0;
  const double rows = static_cast<double>(strips.rows);
  double sum = 0, squares = 0;
  for (int64_t s = group; s < end; s += groups)
    sum += double(strips.rows_of(s)) * double(sums.first[s * strips.channels + channel]);
  const double from_origin = sum_over_groups(sum, scratch) / rows;
  for (int64_t s = group; s < end; s += groups) {
    const double difference = double(sums.first[s * strips.channels + channel]) - from_origin;
    squares += double(sums.second[s * strips.channels + channel]) +
               double(strips.rows_of(s)) * difference * difference;
  }
  squares = sum_over_groups(squares, scratch);
  if (channel < strips.channels && group == 0) {
    const double mean = double(cuda::load(x + channel)) + from_origin;
    mean_out[channel] = A(mean);
    inv_std[channel] = A(1 / sqrt(squares / rows + kBatchNormEpsilon));
    if (running_mean) {
      const double unbiased = squares / max(1.0, rows - 1);
      running_mean[channel] =
          A((1 - kBatchNormMomentum) * double(running_mean[channel]) + kBatchNormMomentum * mean);
      running_var[channel] = A((1 - kBatchNormMomentum) * double(running_var[channel]) +
                               kBatchNormMomentum * unbiased);
    }
  }
}

/// `spread` is inv_std, or the variance that it is to be made of.
template <typename T>
struct BatchNormApplyKernelArgs {
  const T* x;
  const T* residual;  // null if there is none
  T* y;
  const accumulate_t<T>* mean;
  const accumulate_t<T>* spread;
  const accumulate_t<T>* weight;
  const accumulate_t<T>* bias;
  int64_t rows, channels;
  bool spread_is_variance, relu;
};

/// y = relu(x·scale + shift + residual): one multiply-add, hence one rounding, an element.
template <typename T, int N>
__global__ void __launch_bounds__(kTileThreads)
    batch_norm_apply_kernel(BatchNormApplyKernelArgs<T> args) {
  using A = accumulate_t<T>;
  constexpr int kRows = kRowsAtOnce<N> / 2;
  const TilePlace place = tile_place(args.channels);
  const int64_t channel = place.first_channel + threadIdx.x * N;
  if (channel >= args.channels) return;
  const auto mean = cuda::load_values<N>(args.mean + channel);
  const auto spread = cuda::load_values<N>(args.spread + channel);
  auto scale = cuda::load_values<N>(args.weight + channel);
  auto shift = cuda::load_values<N>(args.bias + channel);
#pragma unroll
  for (int e = 0; e < N; ++e) {
    scale.value[e] *= args.spread_is_variance ? 1 / sqrt(spread.value[e] + A(kBatchNormEpsilon))
                                              : spread.value[e];
    shift.value[e] = fma(-mean.value[e], scale.value[e], shift.value[e]);
  }
  int64_t row = place.strip * kApplyRows * blockDim.y + threadIdx.y;
  for (int batch = 0; batch < kApplyRows / kRows; ++batch) {
    cuda::Pack<T, N> x[kRows], residual[kRows];
    int64_t at[kRows];
#pragma unroll
    for (int r = 0; r < kRows; ++r, row += blockDim.y) {
      // Past the end the last row is read, and nothing written.
      at[r] = row < args.rows ? row * args.channels + channel : -1;
      const int64_t from = min(row, args.rows - 1) * args.channels + channel;
      x[r] = cuda::load_pack<N>(args.x + from);
      if (args.residual) residual[r] = cuda::load_pack<N>(args.residual + from);
    }
#pragma unroll
    for (int r = 0; r < kRows; ++r) {
      cuda::Values<N, T> y;
#pragma unroll
      for (int e = 0; e < N; ++e) {
        A value = fma(cuda::load(&x[r].value[e]), scale.value[e], shift.value[e]);
        if (args.residual) value += cuda::load(&residual[r].value[e]);
        y.value[e] = args.relu && value < 0 ? A(0) : value;  // keeps NaN
      }
      if (at[r] >= 0) cuda::store_values<N>(args.y + at[r], y);
    }
  }
}

size_t batch_norm_cuda_workspace_bytes(const Shape& x) {
  const Strips strips(x);
  return static_cast<size_t>(2 * strips.strips * strips.channels) * sizeof(double);
}

void batch_norm_statistics_cuda(Context& context, const BatchNormStatisticsArgs& args) {
  dispatch_float(args.x.dtype, [&]<typename Host>() {
    using T = cuda::device_t<Host>;
    using A = accumulate_t<Host>;
    const Strips strips(args.x.shape);
    const StripSums<A> sums(context.workspace(batch_norm_cuda_workspace_bytes(args.x.shape)),
                            strips);
    const T* x = static_cast<const T*>(args.x.data);
    cuda::with_pack_width<T>(cuda::channels_in_packs<T>(strips.channels, {x}), [&]<int N>() {
      cuda::launch(batch_norm_strip_statistics_kernel<T, N>, strips.grid(),
                   tile_block(strips.channels, N), 0, cuda::stream(context), x, strips, sums);
    });
    cuda::launch(batch_norm_statistics_kernel<T>,
                 dim3(cuda::blocks_for(strips.channels, kJoinChannels)), join_block(strips), 0,
                 cuda::stream(context), x, strips, sums, static_cast<A*>(args.mean.data),
                 static_cast<A*>(args.inv_std.data), static_cast<A*>(args.running_mean.data),
                 static_cast<A*>(args.running_var.data));
  });
}

namespace {

template <typename T>
void launch_apply(Context& context, const BatchNormApplyKernelArgs<T>& args) {
  const bool packs = cuda::channels_in_packs<T>(
      args.channels,
      {args.x, args.residual, args.y, args.mean, args.spread, args.weight, args.bias});
  cuda::with_pack_width<T>(packs, [&]<int N>() {
    const dim3 block = tile_block(args.channels, N);
    const int64_t strips = cuda::blocks_for(args.rows, kApplyRows * block.y);
    cuda::launch(batch_norm_apply_kernel<T, N>,
                 dim3(cuda::blocks_for(strips * tile_columns(args.channels), 1)), block, 0,
                 cuda::stream(context), args);
  });
}

/// mean and spread: either those of the batch or the running ones.
template <typename Args>
void apply(Context& context, const Args& args, const Tensor& mean, const Tensor& spread,
           bool spread_is_variance) {
  dispatch_float(args.x.dtype, [&]<typename Host>() {
    using T = cuda::device_t<Host>;
    using A = accumulate_t<Host>;
    const int64_t channels = args.x.shape.back();
    launch_apply<T>(context, {.x = static_cast<const T*>(args.x.data),
                              .residual = static_cast<const T*>(args.residual.data),
                              .y = static_cast<T*>(args.y.data),
                              .mean = static_cast<const A*>(mean.data),
                              .spread = static_cast<const A*>(spread.data),
                              .weight = static_cast<const A*>(args.weight.data),
                              .bias = static_cast<const A*>(args.bias.data),
                              .rows = args.x.elements() / channels,
                              .channels = channels,
                              .spread_is_variance = spread_is_variance,
                              .relu = args.relu});
  });
}

}  // namespace

void batch_norm_apply_cuda(Context& context, const BatchNormApplyArgs& args) {
  apply(context, args, args.mean, args.inv_std, false);
}

void batch_norm_inference_cuda(Context& context, const BatchNormInferenceArgs& args) {
  apply(context, args, args.running_mean, args.running_var, true);
}

}  // namespace lanet
