// Definition of the operations; the contract is in pool.h.
#pragma once

#include <vector>

#include "kernels/pool.h"

namespace lanet {

template <typename T>
void max_pool_ref(const MaxPoolArgs& args) {
  const int64_t batch = args.x.shape[0], height = args.x.shape[1], width = args.x.shape[2],
                channels = args.x.shape[3];
  const T* x = args.x.as<T>();
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
            const T value = x[((b * height + h) * width + w) * channels + c];
            if (best_position < 0 || value > best) {
              best_position = position;
              best = value;
            }
          }
          args.y.as<T>()[out] = best;
          if (args.argmax) args.argmax.as<uint8_t>()[out] = static_cast<uint8_t>(best_position);
        }
      }
    }
  }
}

template <typename T>
void max_pool_backward_ref(const MaxPoolBackwardArgs& args) {
  using A = accumulate_t<T>;
  const Shape& shape = args.dx.tensor.shape;
  const int64_t batch = shape[0], height = shape[1], width = shape[2], channels = shape[3];
  const int64_t out_height = args.dy.shape[1], out_width = args.dy.shape[2];
  T* dx = args.dx.tensor.as<T>();
  for (int64_t b = 0; b < batch; ++b) {
    for (int64_t h = 0; h < height; ++h) {
      for (int64_t w = 0; w < width; ++w) {
        for (int64_t c = 0; c < channels; ++c, ++dx) {
          A sum = 0;
          for (int position = 0; position < kMaxPoolKernel * kMaxPoolKernel; ++position) {
            const int64_t row = h + kMaxPoolPadding - position / kMaxPoolKernel;
            const int64_t column = w + kMaxPoolPadding - position % kMaxPoolKernel;
            if (row < 0 || row % kMaxPoolStride || row / kMaxPoolStride >= out_height) continue;
            if (column < 0 || column % kMaxPoolStride || column / kMaxPoolStride >= out_width)
              continue;
            const int64_t i = row / kMaxPoolStride, j = column / kMaxPoolStride;
            const int64_t n = ((b * out_height + i) * out_width + j) * channels + c;
            if (args.argmax.as<uint8_t>()[n] == position) sum += A(args.dy.as<T>()[n]);
          }
          write_gradient(*dx, sum, args.dx.add);
        }
      }
    }
  }
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
