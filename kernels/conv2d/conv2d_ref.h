// Definition of the operation; the contract is in conv2d.h.
// One row of a window, [kernel, C], is contiguous both in the image and in the weight: the
// innermost loop runs over such a row, cut to the image. Everything else is the formula.
#pragma once

#include <algorithm>
#include <vector>

#include "kernels/conv2d/conv2d.h"

namespace lanet {

/// The window positions first..last−1 that lie inside an image of `size`, for a window whose
/// position 0 is at `start`.
struct WindowRange {
  int64_t first, last;
  WindowRange(int64_t start, int64_t kernel, int64_t size)
      : first(std::max<int64_t>(0, -start)),
        last(std::max(first, std::min(kernel, size - start))) {}
  int64_t count() const { return last - first; }
};

template <typename T, typename A = accumulate_t<T>>
void conv2d_ref(const Conv2dShape& s, const Conv2dArgs& args) {
  const int64_t C = s.in_channels, O = s.out_channels, K = s.kernel;
  const T *x = args.x.as<T>(), *weight = args.weight.as<T>();
  T* y = args.y.as<T>();
#pragma omp parallel for
  for (int64_t o = 0; o < O; ++o) {
    for (int64_t b = 0; b < s.batch; ++b) {
      for (int64_t i = 0; i < s.out_height(); ++i) {
        const int64_t h = i * s.stride - s.padding;
        const WindowRange rows(h, K, s.height);
        for (int64_t j = 0; j < s.out_width(); ++j) {
          const int64_t w = j * s.stride - s.padding;
          const WindowRange columns(w, K, s.width);
          A sum = 0;
          for (int64_t u = rows.first; u < rows.last; ++u) {
            const T* pixels = x + ((b * s.height + h + u) * s.width + w + columns.first) * C;
            const T* weights = weight + ((o * K + u) * K + columns.first) * C;
#pragma omp simd reduction(+ : sum)
            for (int64_t n = 0; n < columns.count() * C; ++n) sum += A(pixels[n]) * A(weights[n]);
          }
          y[((b * s.out_height() + i) * s.out_width() + j) * O + o] = T(sum);
        }
      }
    }
  }
}

template <typename T, typename A = accumulate_t<T>>
void conv2d_backward_data_ref(const Conv2dShape& s, const Conv2dBackwardDataArgs& args) {
  const int64_t C = s.in_channels, O = s.out_channels, K = s.kernel;
  const T *dy = args.dy.as<T>(), *weight = args.weight.as<T>();
  T* dx = args.dx.tensor.as<T>();
#pragma omp parallel for
  for (int64_t b = 0; b < s.batch; ++b) {
    std::vector<A> image(s.height * s.width * C);  // each output pixel adds to its window
    for (int64_t o = 0; o < O; ++o) {
      for (int64_t i = 0; i < s.out_height(); ++i) {
        const int64_t h = i * s.stride - s.padding;
        const WindowRange rows(h, K, s.height);
        for (int64_t j = 0; j < s.out_width(); ++j) {
          const int64_t w = j * s.stride - s.padding;
          const WindowRange columns(w, K, s.width);
          const A g = A(dy[((b * s.out_height() + i) * s.out_width() + j) * O + o]);
          for (int64_t u = rows.first; u < rows.last; ++u) {
            A* pixels = image.data() + ((h + u) * s.width + w + columns.first) * C;
            const T* weights = weight + ((o * K + u) * K + columns.first) * C;
#pragma omp simd
            for (int64_t n = 0; n < columns.count() * C; ++n) pixels[n] += g * A(weights[n]);
          }
        }
      }
    }
    const int64_t elements = s.height * s.width * C;
    for (int64_t n = 0; n < elements; ++n)
      write_gradient(dx[b * elements + n], image[n], args.dx.add);
  }
}

template <typename T, typename A = accumulate_t<T>>
void conv2d_backward_weight_ref(const Conv2dShape& s, const Conv2dBackwardWeightArgs& args) {
  const int64_t C = s.in_channels, O = s.out_channels, K = s.kernel;
  const T *x = args.x.as<T>(), *dy = args.dy.as<T>();
  auto* dweight = args.dweight.tensor.as<accumulate_t<T>>();
#pragma omp parallel for
  for (int64_t o = 0; o < O; ++o) {
    std::vector<A> sums(K * K * C);
    for (int64_t b = 0; b < s.batch; ++b) {
      for (int64_t i = 0; i < s.out_height(); ++i) {
        const int64_t h = i * s.stride - s.padding;
        const WindowRange rows(h, K, s.height);
        for (int64_t j = 0; j < s.out_width(); ++j) {
          const int64_t w = j * s.stride - s.padding;
          const WindowRange columns(w, K, s.width);
          const A g = A(dy[((b * s.out_height() + i) * s.out_width() + j) * O + o]);
          for (int64_t u = rows.first; u < rows.last; ++u) {
            const T* pixels = x + ((b * s.height + h + u) * s.width + w + columns.first) * C;
            A* weights = sums.data() + (u * K + columns.first) * C;
#pragma omp simd
            for (int64_t n = 0; n < columns.count() * C; ++n) weights[n] += g * A(pixels[n]);
          }
        }
      }
    }
    for (int64_t n = 0; n < K * K * C; ++n)
      write_gradient(dweight[o * K * K * C + n], sums[n], args.dweight.add);
  }
}

}  // namespace lanet
