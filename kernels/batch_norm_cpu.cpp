// Fast batch normalisation on the CPU for f32 and bf16: one pass over memory for each operation.
// Rows are cut into blocks that stay in the first-level cache, and blocks into parts that threads
// take. The cuts depend on the shape alone, so the sums do not depend on the number of threads.
#include <omp.h>

#include <algorithm>
#include <cmath>

#include "kernels/batch_norm.h"

namespace lanet {

namespace {

constexpr int64_t kBlockElements = 4096;
constexpr int64_t kMinBlockRows = 8;
constexpr int64_t kMinPartBlocks = 4;
constexpr int64_t kMaxParts = 64;
/// Channels whose coefficients a thread keeps on its stack at a time.
constexpr int64_t kChannelChunk = 512;

/// The cuts of a tensor seen as [rows, channels].
struct Cuts {
  int64_t channels, rows, block_rows, blocks, parts;

  explicit Cuts(const Shape& x)
      : channels(x.back()),
        rows(x.elements() / channels),
        block_rows(std::max(kMinBlockRows, kBlockElements / channels)),
        blocks((rows + block_rows - 1) / block_rows),
        parts(std::clamp<int64_t>(blocks / kMinPartBlocks, 1, kMaxParts)) {}
  int64_t first_block(int64_t part) const { return blocks * part / parts; }
  int64_t first_row(int64_t block) const { return std::min(rows, block * block_rows); }
};

/// What one part sums, in the workspace: two sums in double, and two of the current block.
struct PartSums {
  double *first, *second;
  float *block_first, *block_second;

  static size_t bytes(int64_t channels) { return channels * 2 * (sizeof(double) + sizeof(float)); }
  PartSums(void* workspace, int64_t part, int64_t channels) {
    first = reinterpret_cast<double*>(static_cast<std::byte*>(workspace) + part * bytes(channels));
    second = first + channels;
    block_first = reinterpret_cast<float*>(second + channels);
    block_second = block_first + channels;
  }
};

/// Calls f.template operator()<a, b>(), so that loops hold no branches.
template <typename F>
void with_flags(bool a, bool b, F&& f) {
  if (a && b)
    f.template operator()<true, true>();
  else if (a)
    f.template operator()<true, false>();
  else if (b)
    f.template operator()<false, true>();
  else
    f.template operator()<false, false>();
}

/// Calls f(first row, last row + 1, first channel, number of channels): each thread takes a range
/// of rows, and the channels in chunks.
template <typename F>
void for_each_chunk(const Cuts& cuts, F&& f) {
#pragma omp parallel
  {
    const int64_t thread = omp_get_thread_num(), threads = omp_get_num_threads();
    const int64_t first = cuts.rows * thread / threads, last = cuts.rows * (thread + 1) / threads;
    for (int64_t c = 0; c < cuts.channels; c += kChannelChunk)
      f(first, last, c, std::min(kChannelChunk, cuts.channels - c));
  }
}

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

/// y = relu(x·scale + shift + residual), scale = weight·inv_std(c), shift = bias − mean·scale: one
/// multiply-add, hence one rounding, an element.
template <typename T, typename InvStd>
void apply(const Tensor& x_tensor, const Tensor& mean_tensor, InvStd&& inv_std,
           const Tensor& weight_tensor, const Tensor& bias_tensor, const Tensor& residual_tensor,
           const Tensor& y_tensor, bool relu) {
  const Cuts cuts(x_tensor.shape);
  const T *x = x_tensor.as<T>(), *residual = residual_tensor ? residual_tensor.as<T>() : nullptr;
  const float* weight = weight_tensor.as<float>();
  T* y = y_tensor.as<T>();
  with_flags(relu, residual != nullptr, [&]<bool kRelu, bool kResidual>() {
    for_each_chunk(cuts, [&](int64_t first, int64_t last, int64_t start, int64_t count) {
      const float *mean = mean_tensor.as<float>() + start, *bias = bias_tensor.as<float>() + start;
      float scale[kChannelChunk], shift[kChannelChunk];
      for (int64_t c = 0; c < count; ++c) {
        scale[c] = weight[start + c] * inv_std(start + c);
        shift[c] = float(double(bias[c]) - double(mean[c]) * double(scale[c]));
      }
      for (int64_t r = first; r < last; ++r) {
        const int64_t at = r * cuts.channels + start;
#pragma omp simd
        for (int64_t c = 0; c < count; ++c) {
          float value = float(x[at + c]) * scale[c] + shift[c];
          if constexpr (kResidual) value += float(residual[at + c]);
          if constexpr (kRelu) value = std::max(value, 0.0f);
          y[at + c] = T(value);
        }
      }
    });
  });
}

/// g: dy where y > 0, else 0; without ReLU dy.
template <bool kRelu, typename T>
float cut_off(const T* dy, const T* y, int64_t n) {
  if constexpr (kRelu) return float(y[n]) > 0 ? float(dy[n]) : 0.0f;
  return float(dy[n]);
}

template <typename T>
void backward_reduce(void* workspace, const BatchNormBackwardReduceArgs& args) {
  const Cuts cuts(args.x.shape);
  const int64_t channels = cuts.channels;
  const T *x = args.x.as<T>(), *dy = args.dy.as<T>(), *y = args.relu ? args.y.as<T>() : nullptr;
  const float *mean = args.mean.as<float>(), *inv_std = args.inv_std.as<float>();
  with_flags(args.relu, false, [&]<bool kRelu, bool>() {
#pragma omp parallel for schedule(static)
    for (int64_t part = 0; part < cuts.parts; ++part) {
      const PartSums sums(workspace, part, channels);
      std::fill_n(sums.first, 2 * channels, 0.0);
      for (int64_t b = cuts.first_block(part); b < cuts.first_block(part + 1); ++b) {
        float *sum = sums.block_first, *product = sums.block_second;
        std::fill_n(sum, channels, 0.0f);
        std::fill_n(product, channels, 0.0f);
        for (int64_t r = cuts.first_row(b); r < cuts.first_row(b + 1); ++r) {
          const int64_t at = r * channels;
#pragma omp simd
          for (int64_t c = 0; c < channels; ++c) {
            const float g = cut_off<kRelu>(dy, y, at + c);
            sum[c] += g;
            product[c] += g * (float(x[at + c]) - mean[c]);
          }
        }
#pragma omp simd
        for (int64_t c = 0; c < channels; ++c) {
          sums.first[c] += sum[c];
          sums.second[c] += product[c];
        }
      }
    }
  });
  const PartSums all(workspace, 0, channels);
  for (int64_t part = 1; part < cuts.parts; ++part) {
    const PartSums sums(workspace, part, channels);
#pragma omp simd
    for (int64_t c = 0; c < 2 * channels; ++c) all.first[c] += sums.first[c];
  }
  for (int64_t c = 0; c < channels; ++c) {
    const float sum_dy = float(all.first[c]), sum_dy_xhat = float(all.second[c] * inv_std[c]);
    args.sum_dy.as<float>()[c] = sum_dy;
    args.sum_dy_xhat.as<float>()[c] = sum_dy_xhat;
    if (args.dweight)
      write_gradient(args.dweight.tensor.as<float>()[c], sum_dy_xhat, args.dweight.add);
    if (args.dbias) write_gradient(args.dbias.tensor.as<float>()[c], sum_dy, args.dbias.add);
  }
}

template <typename T>
void backward_apply(const BatchNormBackwardApplyArgs& args) {
  const Cuts cuts(args.x.shape);
  const T *x = args.x.as<T>(), *dy = args.dy.as<T>(), *y = args.relu ? args.y.as<T>() : nullptr;
  T* dx = args.dx ? args.dx.tensor.as<T>() : nullptr;
  T* dresidual = args.dresidual ? args.dresidual.tensor.as<T>() : nullptr;
  const float *inv_std = args.inv_std.as<float>(), *weight = args.weight.as<float>();
  const float *sum_dy = args.sum_dy.as<float>(), *sum_dy_xhat = args.sum_dy_xhat.as<float>();
  const float rows = static_cast<float>(cuts.rows);
  for_each_chunk(cuts, [&](int64_t first, int64_t last, int64_t start, int64_t count) {
    // dx = scale·(g − offset) + slope·(x − mean): exactly 0 where there is one row
    const float* mean = args.mean.as<float>() + start;
    float scale[kChannelChunk], slope[kChannelChunk], offset[kChannelChunk];
    for (int64_t c = 0; c < count; ++c) {
      scale[c] = weight[start + c] * inv_std[start + c];
      slope[c] = -scale[c] * inv_std[start + c] * (sum_dy_xhat[start + c] / rows);
      offset[c] = sum_dy[start + c] / rows;
    }
    // By blocks of rows, so that dresidual finds dy and y in the cache.
    for (int64_t row = first; row < last; row += cuts.block_rows) {
      const int64_t end = std::min(last, row + cuts.block_rows);
      const auto write_dx = [&]<bool kRelu, bool kAdd>() {
        for (int64_t r = row; r < end; ++r) {
          const int64_t at = r * cuts.channels + start;
#pragma omp simd
          for (int64_t c = 0; c < count; ++c) {
            const float g = cut_off<kRelu>(dy, y, at + c);
            float value = scale[c] * (g - offset[c]) + slope[c] * (float(x[at + c]) - mean[c]);
            if constexpr (kAdd) value += float(dx[at + c]);
            dx[at + c] = T(value);
          }
        }
      };
      const auto write_dresidual = [&]<bool kRelu, bool kAdd>() {
        for (int64_t r = row; r < end; ++r) {
          const int64_t at = r * cuts.channels + start;
#pragma omp simd
          for (int64_t c = 0; c < count; ++c) {
            float g = cut_off<kRelu>(dy, y, at + c);
            if constexpr (kAdd) g += float(dresidual[at + c]);
            dresidual[at + c] = T(g);
          }
        }
      };
      if (dx) with_flags(args.relu, args.dx.add, write_dx);
      if (dresidual) with_flags(args.relu, args.dresidual.add, write_dresidual);
    }
  });
}

/// Calls f with the C++ type of a dtype that has a fast path.
template <typename F>
void dispatch_fast(DType dtype, F&& f) {
  if (dtype == DType::bf16)
    f.template operator()<bfloat16>();
  else
    f.template operator()<float>();
}

}  // namespace

size_t batch_norm_cpu_workspace_bytes(const Shape& x) {
  const Cuts cuts(x);
  return cuts.parts * PartSums::bytes(cuts.channels);
}

void batch_norm_statistics_cpu(Context& context, const BatchNormStatisticsArgs& args) {
  void* workspace = context.workspace(batch_norm_cpu_workspace_bytes(args.x.shape));
  dispatch_fast(args.x.dtype, [&]<typename T>() { statistics<T>(workspace, args); });
}

void batch_norm_apply_cpu(const BatchNormApplyArgs& args) {
  const float* inv_std = args.inv_std.as<float>();
  dispatch_fast(args.x.dtype, [&]<typename T>() {
    apply<T>(
        args.x, args.mean, [&](int64_t c) { return inv_std[c]; }, args.weight, args.bias,
        args.residual, args.y, args.relu);
  });
}

void batch_norm_inference_cpu(const BatchNormInferenceArgs& args) {
  const float* var = args.running_var.as<float>();
  dispatch_fast(args.x.dtype, [&]<typename T>() {
    apply<T>(
        args.x, args.running_mean,
        [&](int64_t c) { return 1 / std::sqrt(var[c] + float(kBatchNormEpsilon)); }, args.weight,
        args.bias, args.residual, args.y, args.relu);
  });
}

void batch_norm_backward_reduce_cpu(Context& context, const BatchNormBackwardReduceArgs& args) {
  void* workspace = context.workspace(batch_norm_cpu_workspace_bytes(args.x.shape));
  dispatch_fast(args.x.dtype, [&]<typename T>() { backward_reduce<T>(workspace, args); });
}

void batch_norm_backward_apply_cpu(const BatchNormBackwardApplyArgs& args) {
  dispatch_fast(args.x.dtype, [&]<typename T>() { backward_apply<T>(args); });
}

}  // namespace lanet
