// Definition of the operation; the contract is in upsample.h.
#pragma once

#include <algorithm>
#include <vector>

#include "kernels/upsample.h"

namespace lanet {

/// Where a position of the large image reads in one dimension: ¾ of `near` and ¼ of `far`.
struct UpsampleSource {
  int64_t near, far;
  UpsampleSource(int64_t position, int64_t size)
      : near(position / 2), far(std::clamp<int64_t>(near + (position % 2 ? 1 : -1), 0, size - 1)) {}
};

template <typename T>
void upsample_2x_ref(const Upsample2xArgs& args) {
  using A = accumulate_t<T>;
  const int64_t batch = args.x.shape[0], height = args.x.shape[1], width = args.x.shape[2],
                channels = args.x.shape[3];
  const T* addend = args.addend ? args.addend.as<T>() : nullptr;
#pragma omp parallel for collapse(2)
  for (int64_t b = 0; b < batch; ++b) {
    for (int64_t i = 0; i < 2 * height; ++i) {
      const UpsampleSource row(i, height);
      const T* near = args.x.as<T>() + (b * height + row.near) * width * channels;
      const T* far = args.x.as<T>() + (b * height + row.far) * width * channels;
      for (int64_t j = 0; j < 2 * width; ++j) {
        const UpsampleSource column(j, width);
        const int64_t n = column.near * channels, f = column.far * channels;
        const int64_t out = ((b * 2 * height + i) * 2 * width + j) * channels;
        T* y = args.y.as<T>() + out;
#pragma omp simd
        for (int64_t c = 0; c < channels; ++c) {
          const A value = A(0.5625) * A(near[n + c]) +
                          A(0.1875) * (A(near[f + c]) + A(far[n + c])) + A(0.0625) * A(far[f + c]);
          y[c] = T(addend ? value + A(addend[out + c]) : value);
        }
      }
    }
  }
}

/// The four positions of the large image, in one dimension, that read position `index` of the small
/// one, with their weights. At a border a weight is that of the position outside added to the one
/// inside; a position outside the image has weight 0 and stands at the border.
struct UpsampleReaders {
  int64_t position[4];
  double weight[4] = {0.25, 0.75, 0.75, 0.25};
  UpsampleReaders(int64_t index, int64_t size) {
    for (int k = 0; k < 4; ++k)
      position[k] = std::clamp<int64_t>(2 * index - 1 + k, 0, 2 * size - 1);
    if (index == 0) weight[0] = 0, weight[1] = 1;
    if (index == size - 1) weight[3] = 0, weight[2] = 1;
  }
};

template <typename T>
void upsample_2x_backward_ref(const Upsample2xBackwardArgs& args) {
  using A = accumulate_t<T>;
  const Shape& shape = args.dx.tensor.shape;
  const int64_t batch = shape[0], height = shape[1], width = shape[2], channels = shape[3];
#pragma omp parallel for collapse(2)
  for (int64_t b = 0; b < batch; ++b) {
    for (int64_t h = 0; h < height; ++h) {
      const UpsampleReaders rows(h, height);
      std::vector<A> sum(channels);
      for (int64_t w = 0; w < width; ++w) {
        const UpsampleReaders columns(w, width);
        std::fill(sum.begin(), sum.end(), A(0));
        for (int k = 0; k < 16; ++k) {
          const int64_t i = rows.position[k / 4], j = columns.position[k % 4];
          const A weight = A(rows.weight[k / 4] * columns.weight[k % 4]);
          const T* dy = args.dy.as<T>() + ((b * 2 * height + i) * 2 * width + j) * channels;
#pragma omp simd
          for (int64_t c = 0; c < channels; ++c) sum[c] += weight * A(dy[c]);
        }
        T* dx = args.dx.tensor.as<T>() + ((b * height + h) * width + w) * channels;
#pragma omp simd
        for (int64_t c = 0; c < channels; ++c) write_gradient(dx[c], sum[c], args.dx.add);
      }
    }
  }
}

}  // namespace lanet
