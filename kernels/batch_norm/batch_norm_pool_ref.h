// Definition of the operations; the contract is in batch_norm_pool.h.
#pragma once

#include <algorithm>
#include <vector>

#include "kernels/batch_norm/batch_norm_pool.h"
#include "kernels/batch_norm/batch_norm_ref.h"
#include "kernels/pool.h"

namespace lanet {

template <typename T>
void batch_norm_max_pool_ref(const BatchNormMaxPoolArgs& args) {
  using A = accumulate_t<T>;
  const int64_t batch = args.x.shape[0], height = args.x.shape[1], width = args.x.shape[2],
                channels = args.x.shape[3];
  int64_t out = 0;
  for (int64_t b = 0; b < batch; ++b) {
    for (int64_t i = 0; i < max_pool_size(height); ++i) {
      for (int64_t j = 0; j < max_pool_size(width); ++j) {
        for (int64_t c = 0; c < channels; ++c, ++out) {
          int best_position = -1;
          T best{};
          for (int position = 0; position < kMaxPoolKernel * kMaxPoolKernel; ++position) {
            const int64_t h = kMaxPoolStride * i + position / kMaxPoolKernel - kMaxPoolPadding;
            const int64_t w = kMaxPoolStride * j + position % kMaxPoolKernel - kMaxPoolPadding;
            if (h < 0 || h >= height || w < 0 || w >= width) continue;
            const int64_t n = ((b * height + h) * width + w) * channels + c;
            const T z = T(std::max(batch_norm_value<T>(args, n), A(0)));
            if (best_position < 0 || z > best) {
              best_position = position;
              best = z;
            }
          }
          args.y.as<T>()[out] = best == 0 ? T(A(0)) : best;
          if (args.argmax)
            args.argmax.as<uint8_t>()[out] =
                best > 0 ? static_cast<uint8_t>(best_position) : kMaxPoolCutOff;
        }
      }
    }
  }
}

/// Calls f(n, c, g) for each element n of x, in order: its channel and what passed its windows
/// back.
template <typename T, typename F>
void for_each_gradient_ref(const Shape& x, const Tensor& dy, const Tensor& argmax, F&& f) {
  using A = accumulate_t<T>;
  const int64_t out_height = dy.shape[1], out_width = dy.shape[2], channels = x[3];
  int64_t n = 0;
  for (int64_t b = 0; b < x[0]; ++b) {
    for (int64_t h = 0; h < x[1]; ++h) {
      for (int64_t w = 0; w < x[2]; ++w) {
        for (int64_t c = 0; c < channels; ++c, ++n) {
          A g = 0;
          for (int position = 0; position < kMaxPoolKernel * kMaxPoolKernel; ++position) {
            const int64_t row = h + kMaxPoolPadding - position / kMaxPoolKernel;
            const int64_t column = w + kMaxPoolPadding - position % kMaxPoolKernel;
            if (row < 0 || row % kMaxPoolStride || row / kMaxPoolStride >= out_height) continue;
            if (column < 0 || column % kMaxPoolStride || column / kMaxPoolStride >= out_width)
              continue;
            const int64_t i = row / kMaxPoolStride, j = column / kMaxPoolStride;
            const int64_t out = ((b * out_height + i) * out_width + j) * channels + c;
            if (argmax.as<uint8_t>()[out] == position) g += A(dy.as<T>()[out]);
          }
          f(n, c, g);
        }
      }
    }
  }
}

template <typename T>
void batch_norm_max_pool_backward_reduce_ref(const BatchNormMaxPoolBackwardReduceArgs& args) {
  using A = accumulate_t<T>;
  const int64_t channels = args.x.shape[3];
  const T* x = args.x.as<T>();
  const A *mean = args.mean.as<A>(), *inv_std = args.inv_std.as<A>();
  std::vector<double> sum_dy(channels), sum_dy_xhat(channels);
  for_each_gradient_ref<T>(args.x.shape, args.dy, args.argmax, [&](int64_t n, int64_t c, A g) {
    sum_dy[c] += g;
    sum_dy_xhat[c] += g * ((A(x[n]) - mean[c]) * inv_std[c]);
  });
  for (int64_t c = 0; c < channels; ++c) {
    args.sum_dy.as<A>()[c] = A(sum_dy[c]);
    args.sum_dy_xhat.as<A>()[c] = A(sum_dy_xhat[c]);
    if (args.dweight)
      write_gradient(args.dweight.tensor.as<A>()[c], A(sum_dy_xhat[c]), args.dweight.add);
    if (args.dbias) write_gradient(args.dbias.tensor.as<A>()[c], A(sum_dy[c]), args.dbias.add);
  }
}

template <typename T>
void batch_norm_max_pool_backward_apply_ref(const BatchNormMaxPoolBackwardApplyArgs& args) {
  using A = accumulate_t<T>;
  const A rows = A(args.x.elements() / args.x.shape[3]);
  const T* x = args.x.as<T>();
  const A *mean = args.mean.as<A>(), *inv_std = args.inv_std.as<A>(), *weight = args.weight.as<A>();
  const A *sum_dy = args.sum_dy.as<A>(), *sum_dy_xhat = args.sum_dy_xhat.as<A>();
  for_each_gradient_ref<T>(args.x.shape, args.dy, args.argmax, [&](int64_t n, int64_t c, A g) {
    const A xhat = (A(x[n]) - mean[c]) * inv_std[c];
    const A value =
        weight[c] * inv_std[c] * (g - sum_dy[c] / rows - xhat * (sum_dy_xhat[c] / rows));
    write_gradient(args.dx.tensor.as<T>()[n], value, args.dx.add);
  });
}

}  // namespace lanet
