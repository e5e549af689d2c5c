// Definition of the operation; the contract is in augment.h. All of it is done picture by picture,
// in place in a copy of one picture, so this is the fast path too.
#pragma once

#include <algorithm>
#include <cstring>

#include "core/round_up.h"
#include "kernels/augment.h"
#include "kernels/resize.h"

namespace lanet {

/// Pillow's blend of two grey levels. A product of an integer below 2^9 and a float is exact in
/// double: it is rounded once, by the cast, and the cast keeps it from being fused with the sum.
inline uint8_t blend(int degenerate, int level, float factor) {
  const auto product = static_cast<float>(static_cast<double>(level - degenerate) * factor);
  const float sum = static_cast<float>(degenerate) + product;
  return static_cast<uint8_t>(static_cast<int>(std::clamp(sum, 0.0f, 255.0f)));
}

/// Pillow's conversion of a pixel to grey.
inline int grey_level(const uint8_t* pixel) {
  return (19595 * pixel[0] + 38470 * pixel[1] + 7471 * pixel[2] + 0x8000) >> 16;
}

/// The mean grey of a picture, rounded, halves up.
inline int mean_grey(const uint8_t* picture, int64_t pixels) {
  int64_t sum = 0;
  for (int64_t i = 0; i < pixels; ++i) sum += grey_level(picture + 3 * i);
  return static_cast<int>((2 * sum + pixels) / (2 * pixels));
}

/// Blends every level with one grey level: brightness with 0, contrast with the mean.
inline void blend_with(int degenerate, float factor, uint8_t* picture, int64_t pixels) {
  uint8_t blended[256];
  for (int level = 0; level < 256; ++level) blended[level] = blend(degenerate, level, factor);
  for (int64_t i = 0; i < 3 * pixels; ++i) picture[i] = blended[picture[i]];
}

/// Blends every pixel with its own grey.
inline void saturate(float factor, uint8_t* picture, int64_t pixels) {
#pragma omp simd
  for (int64_t i = 0; i < pixels; ++i) {
    const int grey = grey_level(picture + 3 * i);
    for (int c = 0; c < 3; ++c) picture[3 * i + c] = blend(grey, picture[3 * i + c], factor);
  }
}

inline void apply_colour_step(ColourStep step, float factor, uint8_t* picture, int64_t pixels) {
  switch (step) {
    case ColourStep::brightness:
      return blend_with(0, factor, picture, pixels);
    case ColourStep::contrast:
      return blend_with(mean_grey(picture, pixels), factor, picture, pixels);
    case ColourStep::saturation:
      return saturate(factor, picture, pixels);
  }
}

/// What each grey level of each channel becomes in the network's input.
template <typename T>
struct NormalizeTable {
  T value[3][256];

  NormalizeTable(const std::array<double, 3>& mean, const std::array<double, 3>& std) {
    using A = accumulate_t<T>;
    for (int c = 0; c < 3; ++c)
      for (int level = 0; level < 256; ++level)
        value[c][level] = T((A(level) / A(255) - A(mean[c])) / A(std[c]));
  }

  /// y: [pixels, channels]; channels from 3 on become 0.
  void apply(const uint8_t* picture, int64_t pixels, T* y, int64_t channels) const {
    for (int64_t i = 0; i < pixels; ++i) {
      T* to = y + channels * i;
      for (int c = 0; c < 3; ++c) to[c] = value[c][picture[3 * i + c]];
      for (int64_t c = 3; c < channels; ++c) to[c] = T(0.0f);
    }
  }
};

/// Bytes that augment_picture() needs for itself.
inline size_t augment_scratch_bytes(int64_t size) {
  const size_t bytes = resize_scratch_bytes(size, size, size, size) + size_t{3} * size * size;
  return round_up(bytes, 64);
}

/// One picture [S, S, 3] into y [S, S, channels].
template <typename T>
void augment_picture(const Tensor& picture, const AugmentParameters& p,
                     const NormalizeTable<T>& table, T* y, int64_t channels, std::byte* scratch) {
  const int64_t size = picture.shape[0], pixels = size * size;
  const size_t resize_bytes = resize_scratch_bytes(size, size, size, size);
  const Tensor cropped{scratch + resize_bytes, picture.shape, DType::u8};
  auto* levels = cropped.as<uint8_t>();
  resize_bicubic({.x = picture,
                  .box = {p.crop_x, p.crop_y, p.crop_width, p.crop_height},
                  .mirror = p.flip != 0,
                  .y = cropped},
                 scratch);
  for (const int32_t step : p.order)
    apply_colour_step(static_cast<ColourStep>(step), p.factor[step], levels, pixels);
  table.apply(levels, pixels, y, channels);
  for (int64_t row = p.erase_y; row < p.erase_y + p.erase_height; ++row)
    std::fill_n(y + channels * (row * size + p.erase_x), channels * p.erase_width, T(0.0f));
}

/// The landmarks [L, 2] of one face; `from` gives the landmark that a flip puts in each place.
template <typename A>
void augment_landmarks(const float* landmarks, int64_t count, int64_t size,
                       const AugmentParameters& p, const int32_t* from, A* out) {
  for (int64_t l = 0; l < count; ++l) {
    const float* point = landmarks + 2 * (p.flip && from ? from[l] : l);
    const A x = p.flip ? A(size) - A(point[0]) : A(point[0]);
    out[2 * l] = (x - A(p.crop_x)) * A(size) / A(p.crop_width);
    out[2 * l + 1] = (A(point[1]) - A(p.crop_y)) * A(size) / A(p.crop_height);
  }
}

}  // namespace lanet
