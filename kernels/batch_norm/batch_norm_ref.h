// Definition of the operation; the contract is in batch_norm.h.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/batch_norm/batch_norm.h"

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

/// weight·x̂ + bias of element n, of the first image or of the second: the same bits wherever it
/// is inlined.
template <typename T>
accumulate_t<T> batch_norm_value(const auto& image, int64_t n) {
  using A = accumulate_t<T>;
  const int64_t c = n % image.x.shape.back();
  const A xhat = (A(image.x.template as<T>()[n]) - image.mean.template as<A>()[c]) *
                 image.inv_std.template as<A>()[c];
  return std::fma(image.weight.template as<A>()[c], xhat, image.bias.template as<A>()[c]);
}

template <typename T>
void batch_norm_apply_ref(const BatchNormApplyArgs& args) {
  using A = accumulate_t<T>;
  for (int64_t n = 0; n < args.x.elements(); ++n) {
    A value = batch_norm_value<T>(args, n);
    if (args.residual) value += A(args.residual.as<T>()[n]);
    if (args.second.x) value += batch_norm_value<T>(args.second, n);
    if (args.relu) value = std::max(value, A(0));
    args.y.as<T>()[n] = T(value);
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

/// dy where the ReLU let y through, else 0.
template <typename T>
accumulate_t<T> batch_norm_g(const auto& args, int64_t n) {
  using A = accumulate_t<T>;
  A y = 1;
  if (args.relu && batch_norm_finds_y(args)) {
    y = batch_norm_value<T>(args, n);
    if (args.second.x) y += batch_norm_value<T>(args.second, n);
    y = A(T(y));
  } else if (args.relu) {
    y = A(args.y.template as<T>()[n]);
  }
  return y > 0 ? A(args.dy.template as<T>()[n]) : A(0);
}

template <typename T>
void batch_norm_backward_reduce_ref(const BatchNormBackwardReduceArgs& args) {
  using A = accumulate_t<T>;
  const int64_t channels = args.x.shape.back();
  std::vector<double> sum_dy(channels);
  for (int64_t n = 0; n < args.x.elements(); ++n) sum_dy[n % channels] += batch_norm_g<T>(args, n);
  const auto reduce = [&](const auto& image) {
    std::vector<double> sum_dy_xhat(channels);
    for (int64_t n = 0; n < args.x.elements(); ++n) {
      const int64_t c = n % channels;
      sum_dy_xhat[c] += batch_norm_g<T>(args, n) *
                        ((A(image.x.template as<T>()[n]) - image.mean.template as<A>()[c]) *
                         image.inv_std.template as<A>()[c]);
    }
    for (int64_t c = 0; c < channels; ++c) {
      image.sum_dy_xhat.template as<A>()[c] = A(sum_dy_xhat[c]);
      if (image.dweight)
        write_gradient(image.dweight.tensor.template as<A>()[c], A(sum_dy_xhat[c]),
                       image.dweight.add);
      if (image.dbias)
        write_gradient(image.dbias.tensor.template as<A>()[c], A(sum_dy[c]), image.dbias.add);
    }
  };
  for (int64_t c = 0; c < channels; ++c) args.sum_dy.as<A>()[c] = A(sum_dy[c]);
  reduce(args);
  if (args.second.x) reduce(args.second);
}

template <typename T>
void batch_norm_backward_apply_ref(const BatchNormBackwardApplyArgs& args) {
  using A = accumulate_t<T>;
  const int64_t channels = args.x.shape.back(), rows = args.x.elements() / channels;
  const A* sum_dy = args.sum_dy.as<A>();
  const auto apply = [&](const auto& image, int64_t n, A g) {
    const int64_t c = n % channels;
    const A inv_std = image.inv_std.template as<A>()[c];
    const A xhat = (A(image.x.template as<T>()[n]) - image.mean.template as<A>()[c]) * inv_std;
    const A value =
        image.weight.template as<A>()[c] * inv_std *
        (g - sum_dy[c] / A(rows) - xhat * (image.sum_dy_xhat.template as<A>()[c] / A(rows)));
    write_gradient(image.dx.tensor.template as<T>()[n], value, image.dx.add);
  };
  for (int64_t n = 0; n < args.x.elements(); ++n) {
    const A g = batch_norm_g<T>(args, n);
    if (args.dx) apply(args, n, g);
    if (args.second.dx) apply(args.second, n, g);
    if (args.dresidual) write_gradient(args.dresidual.tensor.as<T>()[n], g, args.dresidual.add);
  }
}

}  // namespace lanet
