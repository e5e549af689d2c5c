// What conv2d_winograd_passes.h computes with: vectors of LANET_WINOGRAD_LANES floats, the matrices
// of F(4x4, 3x3), and products of small matrices.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>

namespace lanet::LANET_WINOGRAD {

constexpr int64_t kLanes = LANET_WINOGRAD_LANES;
using Vector = float __attribute__((vector_size(4 * kLanes)));
using UnalignedVector = float __attribute__((vector_size(4 * kLanes), aligned(4), may_alias));

inline Vector load(const float* from) {
  return *reinterpret_cast<const UnalignedVector*>(from);
}
inline void store(float* to, Vector value) {
  *reinterpret_cast<UnalignedVector*>(to) = value;
}

/// Exchanges the halves of a square of 2·kHalf lanes: one step of a transposition.
template <int kHalf, int... l>
void exchange_halves(Vector (&m)[kLanes], std::integer_sequence<int, l...>) {
  for (int i = 0; i < kLanes; ++i) {
    if (i & kHalf) continue;
    const Vector upper = m[i], lower = m[i + kHalf];
    m[i] = __builtin_shufflevector(upper, lower, (l & kHalf ? kLanes + l - kHalf : l)...);
    m[i + kHalf] = __builtin_shufflevector(upper, lower, (l & kHalf ? kLanes + l : l + kHalf)...);
  }
}
inline void transpose(Vector (&m)[kLanes]) {
  constexpr auto lanes = std::make_integer_sequence<int, kLanes>();
  if constexpr (kLanes == 16) exchange_halves<8>(m, lanes);
  exchange_halves<4>(m, lanes);
  exchange_halves<2>(m, lanes);
  exchange_halves<1>(m, lanes);
}

// The polynomials of the algorithm are evaluated at 0, ±a, ±b and infinity. With these a and b, the
// ones that oneDNN uses, rounding errors are about a third of those with 1 and 2.
constexpr float a = 0.625f, b = 1.5f, aa = a * a, bb = b * b;
// 1 / Π (p − q) over the other finite points q, for p = 0, ±a, ±b.
constexpr float n0 = 1 / (aa * bb), na = 1 / (2 * aa * (aa - bb)), nb = 1 / (2 * bb * (bb - aa));

// The matrices of the algorithm, each as what it makes of one column: a step from element to
// element in `in` and in `out`.
struct InputTransform {  // Bᵀ
  static constexpr int kFrom = 6, kTo = 6;
  static void apply(const Vector* in, int i, Vector* out, int o) {
    const Vector even_a = in[4 * i] - bb * in[2 * i], odd_a = a * (in[3 * i] - bb * in[i]);
    const Vector even_b = in[4 * i] - aa * in[2 * i], odd_b = b * (in[3 * i] - aa * in[i]);
    out[0] = in[4 * i] - (aa + bb) * in[2 * i] + aa * bb * in[0];
    out[o] = even_a + odd_a;
    out[2 * o] = even_a - odd_a;
    out[3 * o] = even_b + odd_b;
    out[4 * o] = even_b - odd_b;
    out[5 * o] = in[5 * i] - (aa + bb) * in[3 * i] + aa * bb * in[i];
  }
};
struct OutputTransform {  // Aᵀ
  static constexpr int kFrom = 6, kTo = 4;
  static void apply(const Vector* in, int i, Vector* out, int o) {
    const Vector even_a = in[i] + in[2 * i], odd_a = a * (in[i] - in[2 * i]);
    const Vector even_b = in[3 * i] + in[4 * i], odd_b = b * (in[3 * i] - in[4 * i]);
    out[0] = in[0] + even_a + even_b;
    out[o] = odd_a + odd_b;
    out[2 * o] = aa * even_a + bb * even_b;
    out[3 * o] = aa * odd_a + bb * odd_b + in[5 * i];
  }
};
struct OutputGradientTransform {  // A
  static constexpr int kFrom = 4, kTo = 6;
  static void apply(const Vector* in, int i, Vector* out, int o) {
    const Vector even_a = in[0] + aa * in[2 * i], odd_a = a * (in[i] + aa * in[3 * i]);
    const Vector even_b = in[0] + bb * in[2 * i], odd_b = b * (in[i] + bb * in[3 * i]);
    out[0] = in[0];
    out[o] = even_a + odd_a;
    out[2 * o] = even_a - odd_a;
    out[3 * o] = even_b + odd_b;
    out[4 * o] = even_b - odd_b;
    out[5 * o] = in[3 * i];
  }
};
struct WeightTransform {  // G
  static constexpr int kFrom = 3, kTo = 6;
  static void apply(const Vector* in, int i, Vector* out, int o) {
    const Vector even_a = na * (in[0] + aa * in[2 * i]), odd_a = na * a * in[i];
    const Vector even_b = nb * (in[0] + bb * in[2 * i]), odd_b = nb * b * in[i];
    out[0] = n0 * in[0];
    out[o] = even_a + odd_a;
    out[2 * o] = even_a - odd_a;
    out[3 * o] = even_b + odd_b;
    out[4 * o] = even_b - odd_b;
    out[5 * o] = in[2 * i];
  }
};
struct WeightGradientTransform {  // Gᵀ
  static constexpr int kFrom = 6, kTo = 3;
  static void apply(const Vector* in, int i, Vector* out, int o) {
    const Vector even_a = na * (in[i] + in[2 * i]), odd_a = na * a * (in[i] - in[2 * i]);
    const Vector even_b = nb * (in[3 * i] + in[4 * i]), odd_b = nb * b * (in[3 * i] - in[4 * i]);
    out[0] = n0 * in[0] + even_a + even_b;
    out[o] = odd_a + odd_b;
    out[2 * o] = aa * even_a + bb * even_b + in[5 * i];
  }
};

/// Both sides of T · in · Tᵀ.
template <typename T>
void transform(const Vector* in, Vector* out) {
  Vector half[T::kTo * T::kFrom];
  for (int j = 0; j < T::kFrom; ++j) T::apply(in + j, T::kFrom, half + j, T::kFrom);
  for (int i = 0; i < T::kTo; ++i) T::apply(half + i * T::kFrom, 1, out + i * T::kTo, 1);
}

constexpr int64_t kChain = 16;  // products in one chain of sums

/// result[m][n] (+)= Σ over k < depth of left[m · kRow + k · kStep] · right[k · kColumns + n], for
/// m < rows, a multiple of 8, and n < kColumns. Short chains of sums are added up: with them the
/// algorithm rounds about as a direct convolution does, in one long chain nearly twice as much.
template <int64_t kRow, int64_t kStep, int64_t kColumns>
void multiply(int64_t rows, int64_t depth, const float* left, const float* right, float* result,
              bool add) {
  constexpr int kRows = kLanes / 2;  // their sums fill the registers: 16 of 32, or 8 of 16
  for (int64_t m = 0; m < rows; m += kRows) {
    for (int64_t n = 0; n < kColumns; n += 2 * kLanes) {
      float* to = result + m * kColumns + n;
      for (int64_t first = 0; first < depth; first += kChain) {
        Vector sum[kRows][2] = {};
        const float *l = left + m * kRow + first * kStep, *r0 = right + first * kColumns + n;
        const int64_t chain = std::min(kChain, depth - first);
        for (int64_t k = 0; k < chain; ++k, l += kStep, r0 += kColumns) {
          const Vector v0 = load(r0), v1 = load(r0 + kLanes);
          for (int r = 0; r < kRows; ++r) {
            sum[r][0] += l[r * kRow] * v0;
            sum[r][1] += l[r * kRow] * v1;
          }
        }
        for (int r = 0; r < kRows; ++r) {
          for (int v = 0; v < 2; ++v) {
            float* place = to + r * kColumns + v * kLanes;
            store(place, add || first > 0 ? load(place) + sum[r][v] : sum[r][v]);
          }
        }
      }
    }
  }
}

}  // namespace lanet::LANET_WINOGRAD
