// Fast batch normalisation on the CPU for f32 and bf16, forward: one pass over memory for each
// operation.
#include "kernels/batch_norm/batch_norm_cpu.h"

#include "kernels/cpu_operations.h"
#include "kernels/dispatch.h"

#include <cmath>

namespace lanet {

namespace {

/// Mean and sum of squared differences from it, of `rows` rows, over cached data. The mean is
/// summed as differences from the first row, so that a mean far larger than the deviation costs no
/// digits.
template <typename T>
void block_statistics(const T* x, int64_t rows, int64_t channels, float* mean, float* squares) {
  std::fill_n(mean, channels, 0.0f);
  std::fill_n(squares, channels, 0.0f);
  for (int64_t r = 0; r < rows; ++r) {
    const T* row = x + r * channels;
#pragma omp simd
    for (int64_t c = 0; c < channels; ++c) mean[c] += float(row[c]) - float(x[c]);
  }
  const float scale = 1.0f / static_cast<float>(rows);
#pragma omp simd
  for (int64_t c = 0; c < channels; ++c) mean[c] = float(x[c]) + mean[c] * scale;
  for (int64_t r = 0; r < rows; ++r) {
    const T* row = x + r * channels;
#pragma omp simd
    for (int64_t c = 0; c < channels; ++c) {
      const float difference = float(row[c]) - mean[c];
      squares[c] += difference * difference;
    }
  }
}

/// Joins statistics of `count` rows with those of `more` rows (Chan, Golub, LeVeque 1983).
template <typename V>
void join_statistics(double* mean, double* squares, int64_t count, const V* more_mean,
                     const V* more_squares, int64_t more, int64_t channels) {
  const double share = double(more) / double(count + more);
  const double spread = share * double(count);
#pragma omp simd
  for (int64_t c = 0; c < channels; ++c) {
    const double difference = double(more_mean[c]) - mean[c];
    mean[c] += difference * share;
    squares[c] += double(more_squares[c]) + difference * difference * spread;
  }
}

template <typename T>
void statistics(void* workspace, const BatchNormStatisticsArgs& args) {
  const Cuts cuts(args.x.shape);
  const int64_t channels = cuts.channels;
  const T* x = args.x.as<T>();
#pragma omp parallel for schedule(static)
  for (int64_t part = 0; part < cuts.parts; ++part) {
    const PartSums sums(workspace, part, channels);
    std::fill_n(sums.first, 2 * channels, 0.0);
    const int64_t start = cuts.first_row(cuts.first_block(part));
    for (int64_t b = cuts.first_block(part); b < cuts.first_block(part + 1); ++b) {
      const int64_t row = cuts.first_row(b), rows = cuts.first_row(b + 1) - row;
      block_statistics(x + row * channels, rows, channels, sums.block_first, sums.block_second);
      join_statistics(sums.first, sums.second, row - start, sums.block_first, sums.block_second,
                      rows, channels);
    }
  }
  const PartSums all(workspace, 0, channels);
  for (int64_t part = 1; part < cuts.parts; ++part) {
    const PartSums sums(workspace, part, channels);
    const int64_t row = cuts.first_row(cuts.first_block(part));
    const int64_t end = cuts.first_row(cuts.first_block(part + 1));
    join_statistics(all.first, all.second, row, sums.first, sums.second, end - row, channels);
  }
  const double rows = static_cast<double>(cuts.rows);
  for (int64_t c = 0; c < channels; ++c) {
    args.mean.as<float>()[c] = float(all.first[c]);
    args.inv_std.as<float>()[c] = float(1 / std::sqrt(all.second[c] / rows + kBatchNormEpsilon));
    if (!args.running_mean) continue;
    float &mean = args.running_mean.as<float>()[c], &var = args.running_var.as<float>()[c];
    const double unbiased = all.second[c] / std::max(1.0, rows - 1);
    mean = float((1 - kBatchNormMomentum) * mean + kBatchNormMomentum * all.first[c]);
    var = float((1 - kBatchNormMomentum) * var + kBatchNormMomentum * unbiased);
  }
}

/// What is added to the normalised image.
enum class Other { none, residual, second };

/// y = relu(x·scale + shift + other).
template <typename T, bool kRelu, Other kOther, typename InvStd>
void apply(const BatchNormApplyArgs& args, InvStd&& inv_std) {
  const Cuts cuts(args.x.shape);
  const T* x = args.x.as<T>();
  const T* other = nullptr;
  if constexpr (kOther == Other::residual) other = args.residual.as<T>();
  if constexpr (kOther == Other::second) other = args.second.x.as<T>();
  T* y = args.y.as<T>();
  for_each_chunk(cuts, [&](int64_t first, int64_t last, int64_t start, int64_t count) {
    ChunkAffine own, its;
    own.load(args, inv_std, start, count);
    if constexpr (kOther == Other::second) its.load(args.second, inv_std, start, count);
    for (int64_t r = first; r < last; ++r) {
      const int64_t at = r * cuts.channels + start;
#pragma omp simd
      for (int64_t c = 0; c < count; ++c) {
        float value = float(x[at + c]) * own.scale[c] + own.shift[c];
        if constexpr (kOther == Other::residual) value += float(other[at + c]);
        if constexpr (kOther == Other::second)
          value += float(other[at + c]) * its.scale[c] + its.shift[c];
        if constexpr (kRelu) value = std::max(value, 0.0f);
        assign_rounded(y[at + c], value);
      }
    }
  });
}

template <typename InvStd>
void apply(const BatchNormApplyArgs& args, InvStd&& inv_std) {
  dispatch_narrow(args.x.dtype, [&]<typename T>() {
    with_flags(args.relu, bool(args.residual), [&]<bool kRelu, bool kResidual>() {
      if (args.second.x)
        apply<T, kRelu, Other::second>(args, inv_std);
      else
        apply<T, kRelu, kResidual ? Other::residual : Other::none>(args, inv_std);
    });
  });
}

}  // namespace

size_t batch_norm_cpu_workspace_bytes(const Shape& x) {
  const Cuts cuts(x);
  return cuts.parts * PartSums::bytes(cuts.channels);
}

void batch_norm_statistics_cpu(Context& context, const BatchNormStatisticsArgs& args) {
  void* workspace = context.workspace(batch_norm_cpu_workspace_bytes(args.x.shape));
  dispatch_narrow(args.x.dtype, [&]<typename T>() { statistics<T>(workspace, args); });
}

void batch_norm_apply_cpu(const BatchNormApplyArgs& args) {
  apply(args, kGivenInvStd);
}

void batch_norm_inference_cpu(const BatchNormInferenceArgs& args) {
  const float* var = args.running_var.as<float>();
  apply({.x = args.x,
         .mean = args.running_mean,
         .inv_std = {},
         .weight = args.weight,
         .bias = args.bias,
         .residual = args.residual,
         .y = args.y,
         .relu = args.relu},
        [&](const auto&, int64_t c) { return 1 / std::sqrt(var[c] + float(kBatchNormEpsilon)); });
}

}  // namespace lanet
