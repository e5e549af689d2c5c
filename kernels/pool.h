// Pooling: the maximum behind the stem, and the mean over the picture before the classifier.
// (docs/design.md, "Networks") T is the dtype of the images (f32, bf16, f64),
// A = accumulate_dtype(T). No atomics; deterministic, and the same for any number of threads.
#pragma once

#include <span>

#include "core/context.h"

namespace lanet {

constexpr int64_t kMaxPoolKernel = 3;
constexpr int64_t kMaxPoolStride = 2;
constexpr int64_t kMaxPoolPadding = 1;

/// Height or width of the maximum pool's output: ⌊(size − 1)/2⌋ + 1.
constexpr int64_t max_pool_size(int64_t size) {
  return (size + 2 * kMaxPoolPadding - kMaxPoolKernel) / kMaxPoolStride + 1;
}

/// y[b,i,j,c] = max over u, v in 0..2 of x[b, 2i + u − 1, 2j + v − 1, c], inside the image only.
/// x: [B,H,W,C], y: [B, max_pool_size(H), max_pool_size(W), C], both T. argmax: u8, y's shape, the
/// window position 3u + v of the maximum, the first of equal ones; absent if no gradient follows.
struct MaxPoolArgs {
  Tensor x;
  Tensor y;
  Tensor argmax = {};
};
void max_pool(Context& context, const MaxPoolArgs& args);

/// dx[b,h,w,c] = Σ of dy over the windows whose maximum lies at (h, w); set or added to.
struct MaxPoolBackwardArgs {
  Tensor dy;
  Tensor argmax;
  Gradient dx;
};
void max_pool_backward(Context& context, const MaxPoolBackwardArgs& args);

/// y[b,c] = 1/(H·W) · Σ over h, w of x[b,h,w,c]. x: [B,H,W,C] in T, y: [B,C] in A. Up to
/// kMostPooledImages of one B and T are one launch.
struct GlobalAveragePoolArgs {
  Tensor x;
  Tensor y;
};
constexpr size_t kMostPooledImages = 4;
void global_average_pool(Context& context, std::span<const GlobalAveragePoolArgs> images);
inline void global_average_pool(Context& context, const GlobalAveragePoolArgs& image) {
  global_average_pool(context, std::span(&image, 1));
}

/// dx[b,h,w,c] = dy[b,c] / (H·W). dy: [B,C] in A; dx: [B,H,W,C] in T, set or added to. Several as
/// in the forward pass.
struct GlobalAveragePoolBackwardArgs {
  Tensor dy;
  Gradient dx;
};
void global_average_pool_backward(Context& context,
                                  std::span<const GlobalAveragePoolBackwardArgs> images);
inline void global_average_pool_backward(Context& context,
                                         const GlobalAveragePoolBackwardArgs& image) {
  global_average_pool_backward(context, std::span(&image, 1));
}

}  // namespace lanet
