// Arithmetic under its CUDA names. Where the device's result is only near, the host's is as near.
#pragma once

#include <math.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

template <typename A, typename B>
constexpr std::common_type_t<A, B> min(A a, B b) {
  const std::common_type_t<A, B> x = a, y = b;
  return y < x ? y : x;
}
template <typename A, typename B>
constexpr std::common_type_t<A, B> max(A a, B b) {
  const std::common_type_t<A, B> x = a, y = b;
  return x < y ? y : x;
}
inline float min(float a, float b) {
  return std::fmin(a, b);
}
inline float max(float a, float b) {
  return std::fmax(a, b);
}
inline double min(double a, double b) {
  return std::fmin(a, b);
}
inline double max(double a, double b) {
  return std::fmax(a, b);
}

inline float rsqrtf(float x) {
  return 1.0f / std::sqrt(x);
}
inline double rsqrt(double x) {
  return 1.0 / std::sqrt(x);
}
inline float rsqrt(float x) {
  return rsqrtf(x);
}
// glibc declares some of these: without noexcept they would be a second function.
inline float __expf(float x) noexcept {
  return std::exp(x);
}
inline float __exp10f(float x) noexcept {
  return std::pow(10.0f, x);
}
inline float __logf(float x) noexcept {
  return std::log(x);
}
inline float __log2f(float x) noexcept {
  return std::log2(x);
}
inline float __sinf(float x) noexcept {
  return std::sin(x);
}
inline float __cosf(float x) noexcept {
  return std::cos(x);
}
inline float __powf(float x, float y) noexcept {
  return std::pow(x, y);
}
inline float __fdividef(float x, float y) {
  return x / y;
}
inline float __frcp_rn(float x) {
  return 1.0f / x;
}
inline float __fsqrt_rn(float x) {
  return std::sqrt(x);
}
inline float __saturatef(float x) {
  return !(x > 0.0f) ? 0.0f : x < 1.0f ? x : 1.0f;
}
inline float __fmaf_rn(float x, float y, float z) {
  return std::fma(x, y, z);
}
inline double __fma_rn(double x, double y, double z) {
  return std::fma(x, y, z);
}
// The volatile keeps the compiler from making one operation of two, which these names forbid.
inline float __fadd_rn(float x, float y) {
  const volatile float sum = x + y;
  return sum;
}
/// The sum rounded down; double holds it unless one is 2^29 times the other.
inline float __fadd_rd(float x, float y) {
  const double sum = static_cast<double>(x) + y;
  const float nearest = static_cast<float>(sum);
  return nearest > sum ? std::nextafter(nearest, -std::numeric_limits<float>::infinity()) : nearest;
}
inline float __fsub_rn(float x, float y) {
  const volatile float difference = x - y;
  return difference;
}
inline float __fmul_rn(float x, float y) {
  const volatile float product = x * y;
  return product;
}
inline float __fdiv_rn(float x, float y) {
  return x / y;
}
inline double __dadd_rn(double x, double y) {
  const volatile double sum = x + y;
  return sum;
}
inline double __dmul_rn(double x, double y) {
  const volatile double product = x * y;
  return product;
}

inline int __float_as_int(float x) {
  return std::bit_cast<int>(x);
}
inline unsigned __float_as_uint(float x) {
  return std::bit_cast<unsigned>(x);
}
inline float __int_as_float(int x) {
  return std::bit_cast<float>(x);
}
inline float __uint_as_float(unsigned x) {
  return std::bit_cast<float>(x);
}
inline long long __double_as_longlong(double x) {
  return std::bit_cast<long long>(x);
}
inline double __longlong_as_double(long long x) {
  return std::bit_cast<double>(x);
}

/// The device converts what does not fit to the nearest integer that does, and NaN to 0.
template <typename Integer>
inline Integer simt_to_integer(double x) {
  constexpr double kLowest = static_cast<double>(std::numeric_limits<Integer>::min());
  constexpr double kHighest = static_cast<double>(std::numeric_limits<Integer>::max());
  if (x != x) return 0;
  if (x <= kLowest) return std::numeric_limits<Integer>::min();
  return x >= kHighest ? std::numeric_limits<Integer>::max() : static_cast<Integer>(x);
}
inline int __float2int_rn(float x) {
  return simt_to_integer<int>(std::nearbyint(x));
}
inline int __float2int_rd(float x) {
  return simt_to_integer<int>(std::floor(x));
}
inline int __float2int_ru(float x) {
  return simt_to_integer<int>(std::ceil(x));
}
inline int __float2int_rz(float x) {
  return simt_to_integer<int>(std::trunc(x));
}
inline int __double2int_rn(double x) {
  return simt_to_integer<int>(std::nearbyint(x));
}
inline int __double2int_rd(double x) {
  return simt_to_integer<int>(std::floor(x));
}
inline unsigned __float2uint_rn(float x) {
  return simt_to_integer<unsigned>(std::nearbyint(x));
}
inline float __int2float_rn(int x) {
  return static_cast<float>(x);
}
inline float __uint2float_rn(unsigned x) {
  return static_cast<float>(x);
}
inline float __double2float_rn(double x) {
  return static_cast<float>(x);
}

inline int __popc(unsigned x) {
  return std::popcount(x);
}
inline int __popcll(unsigned long long x) {
  return std::popcount(x);
}
inline int __clz(int x) {
  return std::countl_zero(static_cast<unsigned>(x));
}
inline int __clzll(long long x) {
  return std::countl_zero(static_cast<unsigned long long>(x));
}
inline int __ffs(int x) {
  return x == 0 ? 0 : std::countr_zero(static_cast<unsigned>(x)) + 1;
}
inline int __ffsll(long long x) {
  return x == 0 ? 0 : std::countr_zero(static_cast<unsigned long long>(x)) + 1;
}
inline unsigned __brev(unsigned x) {
  unsigned reversed = 0;
  for (int i = 0; i < 32; ++i) reversed |= (x >> i & 1u) << (31 - i);
  return reversed;
}
inline unsigned __umulhi(unsigned x, unsigned y) {
  return static_cast<unsigned>(uint64_t{x} * y >> 32);
}
inline int __mulhi(int x, int y) {
  return static_cast<int>(int64_t{x} * y >> 32);
}
inline unsigned long long __umul64hi(unsigned long long x, unsigned long long y) {
  return static_cast<unsigned long long>(static_cast<unsigned __int128>(x) * y >> 64);
}

template <typename T>
__attribute__((always_inline)) inline T __ldg(const T* address) {
  return *address;
}
