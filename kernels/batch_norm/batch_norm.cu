// Batch normalisation on CUDA, forward. The statistics take two launches: one reads x and leaves
// mean and squared differences of each strip of rows, one joins the strips. Everything is counted
// from the first row of x, so that a mean far larger than the deviation costs no digits.
#include "kernels/batch_norm/batch_norm_cuda.cuh"
#include "kernels/cuda_operations.h"

namespace lanet {

namespace {
/// Rows that a thread reads before it works on them; of all dtypes as many bytes are under way.
template <int N>
constexpr int kRowsAtOnce = N == 8 ? 4 : 8;
constexpr int kApplyRows = 8;  // rows a thread writes
}  // namespace

template <typename T>
struct BatchNormStatisticsMember {
  using A = accumulate_t<T>;
  const T* x;
  StripSums<A> sums;
  A *mean, *inv_std;
  A *running_mean, *running_var;  // null if they are not tracked
};
template <typename T>
using BatchNormStatisticsGroup = BatchNormGroup<BatchNormStatisticsMember<T>>;

/// Leaves mean − first row and the sum of squared differences from the mean, by strip and channel.
template <typename T, int N>
__global__ void __launch_bounds__(kTileThreads)
    batch_norm_strip_statistics_kernel(const __grid_constant__ BatchNormStatisticsGroup<T> group,
                                       Strips strips) {
  using A = accumulate_t<T>;
  __shared__ A lane_mean[kTileThreads * N], lane_squares[kTileThreads * N];
  const TilePlace place = tile_place(strips.channels);
  const int64_t channel = place.first_channel + threadIdx.x * N;
  const int64_t rows = strips.rows_of(place.strip), step = blockDim.y;
  const T* x = group.mine().x;
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
    group.mine().sums.first[at] = strip_mean;
    group.mine().sums.second[at] = strip_squares;
  }
}

/// Joins the strips.
template <typename T>
__global__ void __launch_bounds__(kMaxJoinThreads)
    batch_norm_statistics_kernel(const __grid_constant__ BatchNormStatisticsGroup<T> group,
                                 Strips strips) {
  using A = accumulate_t<T>;
  const BatchNormStatisticsMember<T>& my = group.mine();
  __shared__ JoinScratch<1> sum_scratch, squares_scratch;
  const JoinThread thread(strips);
  const int channel = thread.channel;
  // Read before the sums are known, so that nothing waits for them afterwards.
  double origin = 0, running_mean = 0, running_var = 0;
  if (thread.writes()) {
    origin = double(cuda::load(my.x + channel));
    if (my.running_mean) {
      running_mean = double(my.running_mean[channel]);
      running_var = double(my.running_var[channel]);
    }
  }
  const double rows = static_cast<double>(strips.rows);
  const double in_last = static_cast<double>(strips.rows_of(strips.strips - 1));
  const double in_others = static_cast<double>(strips.strip_rows);
  const auto rows_of = [&](int strip) {
    return strip >= thread.end ? 0 : strip + 1 < strips.strips ? in_others : in_last;
  };
  A strip_mean[kJoinRounds], strip_squares[kJoinRounds];
  thread.read(my.sums.first, strip_mean);
  thread.read(my.sums.second, strip_squares);
  double sum[1] = {}, squares[1] = {};
#pragma unroll
  for (int round = 0; round < kJoinRounds; ++round)
    sum[0] += rows_of(thread.strip(round)) * double(strip_mean[round]);
  sum_over_slots(sum, sum_scratch);
  const double from_origin = sum[0] / rows;
#pragma unroll
  for (int round = 0; round < kJoinRounds; ++round) {
    const double difference = double(strip_mean[round]) - from_origin;
    squares[0] +=
        double(strip_squares[round]) + rows_of(thread.strip(round)) * difference * difference;
  }
  sum_over_slots(squares, squares_scratch);
  if (thread.writes()) {
    const double mean = origin + from_origin;
    my.mean[channel] = A(mean);
    my.inv_std[channel] = A(1 / sqrt(squares[0] / rows + kBatchNormEpsilon));
    if (my.running_mean) {
      const double unbiased = squares[0] / max(1.0, rows - 1);
      my.running_mean[channel] =
          A((1 - kBatchNormMomentum) * running_mean + kBatchNormMomentum * mean);
      my.running_var[channel] =
          A((1 - kBatchNormMomentum) * running_var + kBatchNormMomentum * unbiased);
    }
  }
}

/// y = relu(normalised x + normalised second x, or the residual).
template <typename T>
struct BatchNormApplyMember {
  BatchNormImage<T> first, second;
  const T* residual;  // null if there is none
  T* y;
  bool relu, variance;  // variance: the first image's inv_std is to be made of it
};

template <typename T, int N, bool kSecond>
__global__ void __launch_bounds__(kTileThreads)
    batch_norm_apply_kernel(const __grid_constant__ BatchNormGroup<BatchNormApplyMember<T>> group,
                            int64_t rows, int64_t channels) {
  constexpr int kRows = kRowsAtOnce<N> / 2;
  const BatchNormApplyMember<T>& my = group.mine();
  const T* other_image = kSecond ? my.second.x : my.residual;
  const TilePlace place = tile_place(channels);
  const int64_t channel = place.first_channel + threadIdx.x * N;
  if (channel >= channels) return;
  BatchNormAffine<T, N> first, second;
  first.load(my.first, channel, my.variance);
  if (kSecond) second.load(my.second, channel);
  int64_t row = place.strip * kApplyRows * blockDim.y + threadIdx.y;
  for (int batch = 0; batch < kApplyRows / kRows; ++batch) {
    cuda::Pack<T, N> x[kRows], other[kRows];
    int64_t at[kRows];
#pragma unroll
    for (int r = 0; r < kRows; ++r, row += blockDim.y) {
      // Past the end the last row is read, and nothing written.
      at[r] = row < rows ? row * channels + channel : -1;
      const int64_t from = min(row, rows - 1) * channels + channel;
      x[r] = cuda::load_pack<N>(my.first.x + from);
      if (other_image) other[r] = cuda::load_pack<N>(other_image + from);
    }
#pragma unroll
    for (int r = 0; r < kRows; ++r) {
      cuda::Values<N, T> y;
#pragma unroll
      for (int e = 0; e < N; ++e) {
        accumulate_t<T> value = first.at(x[r], e);
        if (kSecond)
          value += second.at(other[r], e);
        else if (other_image)
          value += cuda::load(&other[r].value[e]);
        y.value[e] = my.relu && value < 0 ? accumulate_t<T>(0) : value;  // keeps NaN
      }
      if (at[r] >= 0) cuda::store_values<N>(my.y + at[r], y);
    }
  }
}

size_t batch_norm_cuda_workspace_bytes(const Shape& x, int count) {
  const Strips strips(x);
  return static_cast<size_t>(3 * count * strips.strips * strips.channels) * sizeof(double);
}

void batch_norm_statistics_cuda(Context& context, std::span<const BatchNormStatisticsArgs> group) {
  dispatch_float(group[0].x.dtype, [&]<typename Host>() {
    using T = cuda::device_t<Host>;
    using A = accumulate_t<Host>;
    const Strips strips(group[0].x.shape);
    void* workspace = context.workspace(
        batch_norm_cuda_workspace_bytes(group[0].x.shape, static_cast<int>(group.size())));
    bool packs = true;
    for (const auto& args : group)
      packs = packs && cuda::channels_in_packs<T>(strips.channels, {args.x.data});
    const BatchNormStatisticsGroup<T> kernel_group(group, [&](const BatchNormStatisticsArgs& args,
                                                              int member) {
      return BatchNormStatisticsMember<T>{.x = static_cast<const T*>(args.x.data),
                                          .sums = StripSums<A>(workspace, strips, member),
                                          .mean = static_cast<A*>(args.mean.data),
                                          .inv_std = static_cast<A*>(args.inv_std.data),
                                          .running_mean = static_cast<A*>(args.running_mean.data),
                                          .running_var = static_cast<A*>(args.running_var.data)};
    });
    cuda::with_pack_width<T>(packs, [&]<int N>() {
      cuda::launch(batch_norm_strip_statistics_kernel<T, N>, strips.grid(group.size()),
                   tile_block(strips.channels, N), 0, cuda::stream(context), kernel_group, strips);
    });
    cuda::launch(batch_norm_statistics_kernel<T>, join_grid(strips, group.size()),
                 join_block(strips), 0, cuda::stream(context), kernel_group, strips);
  });
}

namespace {

/// variance: inv_std holds variances.
void apply(Context& context, std::span<const BatchNormApplyArgs> group, bool variance) {
  dispatch_float(group[0].x.dtype, [&]<typename Host>() {
    using T = cuda::device_t<Host>;
    const int64_t channels = group[0].x.shape.back(), rows = group[0].x.elements() / channels;
    bool packs = true;
    const BatchNormGroup<BatchNormApplyMember<T>> kernel_group(
        group, [&](const BatchNormApplyArgs& args, int) {
          const BatchNormApplyMember<T> member{
              .first = BatchNormImage<T>(args),
              .second = BatchNormImage<T>(args.second),
              .residual = static_cast<const T*>(args.residual.data),
              .y = static_cast<T*>(args.y.data),
              .relu = args.relu,
              .variance = variance};
          packs = packs && member.first.in_packs(channels) && member.second.in_packs(channels) &&
                  cuda::channels_in_packs<T>(channels, {member.residual, member.y});
          return member;
        });
    const auto launch = [&]<bool kSecond>() {
      cuda::with_pack_width<T>(packs, [&]<int N>() {
        const dim3 block = tile_block(channels, N);
        cuda::launch(batch_norm_apply_kernel<T, N, kSecond>,
                     tile_grid(rows, channels, block, kApplyRows, group.size()), block, 0,
                     cuda::stream(context), kernel_group, rows, channels);
      });
    };
    if (group[0].second.x)
      launch.template operator()<true>();
    else
      launch.template operator()<false>();
  });
}

}  // namespace

void batch_norm_apply_cuda(Context& context, std::span<const BatchNormApplyArgs> group) {
  apply(context, group, /*variance=*/false);
}

void batch_norm_inference_cuda(Context& context, const BatchNormInferenceArgs& args) {
  const BatchNormApplyArgs one{.x = args.x,
                               .mean = args.running_mean,
                               .inv_std = args.running_var,
                               .weight = args.weight,
                               .bias = args.bias,
                               .residual = args.residual,
                               .y = args.y,
                               .relu = args.relu};
  apply(context, std::span(&one, 1), /*variance=*/true);
}

}  // namespace lanet
