// The pictures of the stem's pool on CUDA.
#pragma once

#include "core/cuda/launch.h"
#include "core/cuda/values.cuh"
#include "kernels/pool.h"

namespace lanet {

/// Of the pool, as int.
constexpr int kKernel = kMaxPoolKernel, kStride = kMaxPoolStride, kPadding = kMaxPoolPadding;
static_assert(kKernel == 3 && kStride == 2 && kPadding == 1);

/// Both pictures: x or dx, and y or dy.
struct StemSize {
  int height, width, out_height, out_width, channels;
  int64_t windows;  // of all pictures

  StemSize(const Shape& x, const Shape& y)
      : height(static_cast<int>(x[1])),
        width(static_cast<int>(x[2])),
        out_height(static_cast<int>(y[1])),
        out_width(static_cast<int>(y[2])),
        channels(static_cast<int>(x[3])),
        windows(y[0] * y[1] * y[2]) {
    LANET_REQUIRE(windows <= INT32_MAX, "{} windows", windows);
  }
  __device__ int64_t pixel(int image, int h, int w) const {
    return ((int64_t{image} * height + h) * width + w) * channels;
  }
  __device__ int64_t window(int image, int i, int j) const {
    return ((int64_t{image} * out_height + i) * out_width + j) * channels;
  }
};

}  // namespace lanet
