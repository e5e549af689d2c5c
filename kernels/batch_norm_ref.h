// Definition of the operation; the contract is in batch_norm.h.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/batch_norm.h"

namespace lanet {

template <typename T>
void batch_norm_statistics_ref(const BatchNormStatisticsArgs& args) {
  using A = accumulate_t<T>;
  const int64_t channels = args.x.shape.back(), rows = args.x.elements() / channels;
  const T* x = args.x.as<T>();
  std::vector<double> mean(channels), squares(channels);
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t c = 0; c < channels; ++c) mean[c] += double(x[r * channels + c]) / rows;
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t c = 0; c < channels; ++c) {
      const double difference = double(x[r * channels + c]) - mean[c];
      squares[c] += difference * difference;
    }
  }
  for (int64_t c = 0; c < channels; ++c) {
    args.mean.as<A>()[c] = A(mean[c]);
    args.inv_std.as<A>()[c] = A(1 / std::sqrt(squares[c] / rows + kBatchNormEpsilon));
    if (!args.running_mean) continue;
    const double unbiased = squares[c] / std::max<int64_t>(1, rows - 1);
    A &running_mean = args.running_mean.as<A>()[c], &running_var = args.running_var.as<A>()[c];
    running_mean = A((1 - kBatchNormMomentum) * running_mean + kBatchNormMomentum * mean[c]);
    running_var = A((1 - kBatchNormMomentum) * running_var + kBatchNormMomentum * unbiased);
  }
}

template <typename T>
void batch_norm_apply_ref(const BatchNormApplyArgs& args) {
  using A = accumulate_t<T>;
  const int64_t channels = args.x.shape.back(), rows = args.x.elements() / channels;
  const T *x = args.x.as<T>(), *residual = args.residual ? args.residual.as<T>() : nullptr;
  const A *mean = args.mean.as<A>(), *inv_std = args.inv_std.as<A>();
  const A *weight = args.weight.as<A>(), *bias = args.bias.as<A>();
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t c = 0; c < channels; ++c) {
      const int64_t n = r * channels + c;
      A value = weight[c] * ((A(x[n]) - mean[c]) * inv_std[c]) + bias[c];
      if (residual) value += A(residual[n]);
      if (args.relu) value = std::max(value, A(0));
      args.y.as<T>()[n] = T(value);
    }
  }
}

template <typename T>
void batch_norm_inference_ref(const BatchNormInferenceArgs& args) {
  using A = accumulate_t<T>;
  const int64_t channels = args.x.shape.back();
  std::vector<A> inv_std(channels);
  for (int64_t c = 0; c < channels; ++c)
    inv_std[c] = 1 / std::sqrt(args.running_var.as<A>()[c] + A(kBatchNormEpsilon));
  batch_norm_apply_ref<T>({.x = args.x,
                           .mean = args.running_mean,
                           .inv_std = {inv_std.data(), {channels}, dtype_of<A>()},
                           .weight = args.weight,
                           .bias = args.bias,
                           .residual = args.residual,
                           .y = args.y,
                           .relu = args.relu});
}

template <typename T>
void batch_norm_backward_reduce_ref(const BatchNormBackwardReduceArgs& args) {
  using A = accumulate_t<T>;
  const int64_t channels = args.x.shape.back(), rows = args.x.elements() / channels;
  const T *x = args.x.as<T>(), *dy = args.dy.as<T>();
  const A *mean = args.mean.as<A>(), *inv_std = args.inv_std.as<A>();
  std::vector<double> sum_dy(channels), sum_dy_xhat(channels);
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t c = 0; c < channels; ++c) {
      const int64_t n = r * channels + c;
      if (args.relu && !(args.y.as<T>()[n] > 0)) continue;
      sum_dy[c] += A(dy[n]);
      sum_dy_xhat[c] += A(dy[n]) * ((A(x[n]) - mean[c]) * inv_std[c]);
    }
  }
  for (int64_t c = 0; c < channels; ++c) {
    args.sum_dy.as<A>()[c] = A(sum_dy[c]);
    args.sum_dy_xhat.as<A>()[c] = A(sum_dy_xhat[c]);
    if (args.dweight)
      write_gradient(args.dweight.tensor.as<A>()[c], A(sum_dy_xhat[c]), args.dweight.add);
    if (args.dbias) write_gradient(args.dbias.tensor.as<A>()[c], A(sum_dy[c]), args.dbias.add);
  }
}

template <typename T>
void batch_norm_backward_apply_ref(const BatchNormBackwardApplyArgs& args) {
  using A = accumulate_t<T>;
  const int64_t channels = args.x.shape.back(), rows = args.x.elements() / channels;
  const T *x = args.x.as<T>(), *dy = args.dy.as<T>();
  const A *mean = args.mean.as<A>(), *inv_std = args.inv_std.as<A>(), *weight = args.weight.as<A>();
  const A *sum_dy = args.sum_dy.as<A>(), *sum_dy_xhat = args.sum_dy_xhat.as<A>();
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t c = 0; c < channels; ++c) {
      const int64_t n = r * channels + c;
      const bool cut_off = args.relu && !(args.y.as<T>()[n] > 0);
      const A g = cut_off ? A(0) : A(dy[n]);
      const A xhat = (A(x[n]) - mean[c]) * inv_std[c];
      const A value =
          weight[c] * inv_std[c] * (g - sum_dy[c] / A(rows) - xhat * (sum_dy_xhat[c] / A(rows)));
      if (args.dx) write_gradient(args.dx.tensor.as<T>()[n], value, args.dx.add);
      if (args.dresidual) write_gradient(args.dresidual.tensor.as<T>()[n], g, args.dresidual.add);
    }
  }
}

}  // namespace lanet
