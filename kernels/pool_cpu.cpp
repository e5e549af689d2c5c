// Fast maximum pool on the CPU for f32 and bf16: channels innermost, in chunks that stay in
// registers and the first-level cache, without branches.
#include <algorithm>

#include "kernels/cpu_operations.h"
#include "kernels/dispatch.h"
#include "kernels/pool.h"

namespace lanet {

namespace {

constexpr int64_t kChannelChunk = 64;

/// The window positions first..last−1 of output `index` that lie inside `size`.
struct WindowRange {
  int64_t first, last;
  WindowRange(int64_t index, int64_t size)
      : first(std::max<int64_t>(0, kMaxPoolPadding - index * kMaxPoolStride)),
        last(std::min(kMaxPoolKernel, size + kMaxPoolPadding - index * kMaxPoolStride)) {}
};

template <typename T>
void max_pool_fast(const MaxPoolArgs& args) {
  const int64_t batch = args.x.shape[0], height = args.x.shape[1], width = args.x.shape[2],
                channels = args.x.shape[3];
  const int64_t out_height = max_pool_size(height), out_width = max_pool_size(width);
  const T* x = args.x.as<T>();
  T* y = args.y.as<T>();
  uint8_t* argmax = args.argmax ? args.argmax.as<uint8_t>() : nullptr;
#pragma omp parallel for collapse(2) schedule(static)
  for (int64_t b = 0; b < batch; ++b) {
    for (int64_t i = 0; i < out_height; ++i) {
      const WindowRange rows(i, height);
      for (int64_t j = 0; j < out_width; ++j) {
        const WindowRange columns(j, width);
        const int64_t h = i * kMaxPoolStride - kMaxPoolPadding;
        const int64_t w = j * kMaxPoolStride - kMaxPoolPadding;
        const int64_t out = ((b * out_height + i) * out_width + j) * channels;
        for (int64_t start = 0; start < channels; start += kChannelChunk) {
          const int64_t count = std::min(kChannelChunk, channels - start);
          float best[kChannelChunk];
          int32_t position[kChannelChunk];
          for (int64_t u = rows.first; u < rows.last; ++u) {
            for (int64_t v = columns.first; v < columns.last; ++v) {
              const T* pixel = x + ((b * height + h + u) * width + w + v) * channels + start;
              const bool is_first = u == rows.first && v == columns.first;
              const int32_t here = static_cast<int32_t>(kMaxPoolKernel * u + v);
              if (is_first) {
#pragma omp simd
                for (int64_t c = 0; c < count; ++c) {
                  best[c] = float(pixel[c]);
                  position[c] = here;
                }
                continue;
              }
#pragma omp simd
              for (int64_t c = 0; c < count; ++c) {
                const float value = float(pixel[c]);
                position[c] = value > best[c] ? here : position[c];
                best[c] = value > best[c] ? value : best[c];
              }
            }
          }
#pragma omp simd
          for (int64_t c = 0; c < count; ++c) y[out + start + c] = T(best[c]);
          if (!argmax) continue;
#pragma omp simd
          for (int64_t c = 0; c < count; ++c)
            argmax[out + start + c] = static_cast<uint8_t>(position[c]);
        }
      }
    }
  }
}

/// The outputs whose windows hold position `index` in one dimension: first..last.
struct WindowsOver {
  int64_t first, last;
  WindowsOver(int64_t index, int64_t outputs)
      : first((index + kMaxPoolPadding - kMaxPoolKernel + kMaxPoolStride) / kMaxPoolStride),
        last(std::min(outputs - 1, (index + kMaxPoolPadding) / kMaxPoolStride)) {}
};

template <typename T, bool kAdd>
void max_pool_backward_fast(const MaxPoolBackwardArgs& args) {
  const Shape& shape = args.dx.tensor.shape;
  const int64_t batch = shape[0], height = shape[1], width = shape[2], channels = shape[3];
  const int64_t out_height = args.dy.shape[1], out_width = args.dy.shape[2];
  const T* dy = args.dy.as<T>();
  const uint8_t* argmax = args.argmax.as<uint8_t>();
  T* dx = args.dx.tensor.as<T>();
#pragma omp parallel for collapse(2) schedule(static)
  for (int64_t b = 0; b < batch; ++b) {
    for (int64_t h = 0; h < height; ++h) {
      const WindowsOver rows(h, out_height);
      for (int64_t w = 0; w < width; ++w) {
        const WindowsOver columns(w, out_width);
        T* pixel = dx + ((b * height + h) * width + w) * channels;
        for (int64_t start = 0; start < channels; start += kChannelChunk) {
          const int64_t count = std::min(kChannelChunk, channels - start);
          float sum[kChannelChunk] = {};
          for (int64_t i = rows.first; i <= rows.last; ++i) {
            for (int64_t j = columns.first; j <= columns.last; ++j) {
              const int64_t u = h + kMaxPoolPadding - i * kMaxPoolStride;
              const int64_t v = w + kMaxPoolPadding - j * kMaxPoolStride;
              const int32_t here = static_cast<int32_t>(kMaxPoolKernel * u + v);
              const int64_t out = ((b * out_height + i) * out_width + j) * channels + start;
#pragma omp simd
              for (int64_t c = 0; c < count; ++c)
                sum[c] += int32_t{argmax[out + c]} == here ? float(dy[out + c]) : 0.0f;
            }
          }
#pragma omp simd
          for (int64_t c = 0; c < count; ++c) {
            if constexpr (kAdd) sum[c] += float(pixel[start + c]);
            pixel[start + c] = T(sum[c]);
          }
        }
      }
    }
  }
}

}  // namespace

void max_pool_cpu(const MaxPoolArgs& args) {
  dispatch_narrow(args.x.dtype, [&]<typename T>() { max_pool_fast<T>(args); });
}

void max_pool_backward_cpu(const MaxPoolBackwardArgs& args) {
  dispatch_narrow(args.dy.dtype, [&]<typename T>() {
    args.dx.add ? max_pool_backward_fast<T, true>(args) : max_pool_backward_fast<T, false>(args);
  });
}

}  // namespace lanet
