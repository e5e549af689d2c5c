// Definition of the operations; the contract is in pool.h.
#pragma once

#include "kernels/pool.h"

namespace lanet {

/// For each window of an image x, in order: finds the first of the largest of value(n) of its
/// elements n, and calls store(out, largest, position).
template <typename T, typename Value, typename Store>
void for_each_maximum_ref(const Shape& x, Value&& value, Store&& store) {
  const int64_t batch = x[0], height = x[1], width = x[2], channels = x[3];
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
            const T candidate = value(((b * height + h) * width + w) * channels + c);
            if (best_position < 0 || candidate > best) {
              best_position = position;
              best = candidate;
            }
          }
          store(out, best, best_position);
        }
      }
    }
  }
}

/// For each element n of an image x, in order: sums what its windows pass back to it, and calls
/// store(n, c, sum); c is its channel.
template <typename T, typename Store>
void for_each_gradient_ref(const Shape& x, const Tensor& dy, const Tensor& argmax, Store&& store) {
  using A = accumulate_t<T>;
  const int64_t out_height = dy.shape[1], out_width = dy.shape[2], channels = x[3];
  int64_t n = 0;
  for (int64_t b = 0; b < x[0]; ++b) {
    for (int64_t h = 0; h < x[1]; ++h) {
      for (int64_t w = 0; w < x[2]; ++w) {
        for (int64_t c = 0; c < channels; ++c, ++n) {
          A sum = 0;
          for (int position = 0; position < kMaxPoolKernel * kMaxPoolKernel; ++position) {
            const int64_t row = h + kMaxPoolPadding - position / kMaxPoolKernel;
            const int64_t column = w + kMaxPoolPadding - position % kMaxPoolKernel;
            if (row < 0 || row % kMaxPoolStride || row / kMaxPoolStride >= out_height) continue;
            if (column < 0 || column % kMaxPoolStride || column / kMaxPoolStride >= out_width)
              continue;
            const int64_t i = row / kMaxPoolStride, j = column / kMaxPoolStride;
            const int64_t out = ((b * out_height + i) * out_width + j) * channels + c;
            if (argmax.as<uint8_t>()[out] == position) sum += A(dy.as<T>()[out]);
          }
          store(n, c, sum);
        }
      }
    }
  }
}

template <typename T>
void max_pool_ref(const MaxPoolArgs& args) {
  const T* x = args.x.as<T>();
  for_each_maximum_ref<T>(
      args.x.shape, [&](int64_t n) { return x[n]; },
      [&](int64_t out, T largest, int position) {
        args.y.as<T>()[out] = largest;
        if (args.argmax) args.argmax.as<uint8_t>()[out] = static_cast<uint8_t>(position);
      });
}

template <typename T>
void max_pool_backward_ref(const MaxPoolBackwardArgs& args) {
  const Tensor& dx = args.dx.tensor;
  for_each_gradient_ref<T>(dx.shape, args.dy, args.argmax, [&](int64_t n, int64_t, auto sum) {
    write_gradient(dx.as<T>()[n], sum, args.dx.add);
  });
}

template <typename T>
void global_average_pool_ref(const GlobalAveragePoolArgs& args) {
  using A = accumulate_t<T>;
  const int64_t channels = args.x.shape[3], pixels = args.x.shape[1] * args.x.shape[2];
#pragma omp parallel for
  for (int64_t b = 0; b < args.x.shape[0]; ++b) {
    A* sum = args.y.as<A>() + b * channels;
    for (int64_t c = 0; c < channels; ++c) sum[c] = 0;
    for (int64_t p = 0; p < pixels; ++p) {
      const T* x = args.x.as<T>() + (b * pixels + p) * channels;
#pragma omp simd
      for (int64_t c = 0; c < channels; ++c) sum[c] += A(x[c]);
    }
    for (int64_t c = 0; c < channels; ++c) sum[c] /= A(pixels);
  }
}

template <typename T>
void global_average_pool_backward_ref(const GlobalAveragePoolBackwardArgs& args) {
  using A = accumulate_t<T>;
  const Shape& shape = args.dx.tensor.shape;
  const int64_t channels = shape[3], pixels = shape[1] * shape[2];
#pragma omp parallel for
  for (int64_t b = 0; b < shape[0]; ++b) {
    const A* dy = args.dy.as<A>() + b * channels;
    for (int64_t p = 0; p < pixels; ++p) {
      T* dx = args.dx.tensor.as<T>() + (b * pixels + p) * channels;
#pragma omp simd
      for (int64_t c = 0; c < channels; ++c) write_gradient(dx[c], dy[c] / A(pixels), args.dx.add);
    }
  }
}

}  // namespace lanet
