// Definition of the operation; the contract is in resize.h.
#pragma once

#include <algorithm>
#include <cmath>

#include "kernels/resize.h"

namespace lanet {

constexpr int kResizeFractionBits = 22;
constexpr double kCubicSupport = 2;

/// Keys' cubic kernel with a = −1/2.
inline double cubic(double x) {
  constexpr double a = -0.5;
  x = std::abs(x);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
  return 0;
}

/// The most box pixels that one output pixel can depend on along an axis.
inline int64_t resize_taps(int64_t in, int64_t out) {
  const double stretch = std::max(static_cast<double>(in) / static_cast<double>(out), 1.0);
  return 2 * static_cast<int64_t>(std::ceil(kCubicSupport * stretch)) + 1;
}

/// One axis: output pixel o is Σ_t weight[o·taps + t]·pixel[first[o] + t], t < count[o].
struct ResizeAxis {
  int64_t taps;
  int32_t *first, *count, *weight;

  static int64_t words(int64_t in, int64_t out) { return out * (2 + resize_taps(in, out)); }

  /// Fills words(in, out) words at `memory`.
  ResizeAxis(int64_t in, int64_t out, int32_t* memory)
      : taps(resize_taps(in, out)), first(memory), count(memory + out), weight(memory + 2 * out) {
    const double ratio = static_cast<double>(in) / static_cast<double>(out);
    const double stretch = std::max(ratio, 1.0), support = kCubicSupport * stretch;
    for (int64_t o = 0; o < out; ++o) {
      const double centre = (static_cast<double>(o) + 0.5) * ratio;
      const auto begin = std::max<int64_t>(static_cast<int64_t>(centre - support + 0.5), 0);
      const auto end = std::min<int64_t>(static_cast<int64_t>(centre + support + 0.5), in);
      first[o] = static_cast<int32_t>(begin);
      count[o] = static_cast<int32_t>(end - begin);
      const auto weight_at = [&](int64_t i) {
        return cubic((static_cast<double>(i) - centre + 0.5) / stretch);
      };
      double sum = 0;
      for (int64_t i = begin; i < end; ++i) sum += weight_at(i);
      for (int64_t i = begin; i < end; ++i) {
        const double scaled = weight_at(i) / sum * (1 << kResizeFractionBits);
        weight[o * taps + i - begin] = static_cast<int32_t>(std::lround(scaled));
      }
    }
  }
};

constexpr int32_t kResizeHalf = 1 << (kResizeFractionBits - 1);

/// A fixed-point sum, kResizeHalf included, as a grey level.
inline uint8_t resize_level(int32_t sum) {
  return static_cast<uint8_t>(std::clamp(sum >> kResizeFractionBits, 0, 255));
}

}  // namespace lanet
