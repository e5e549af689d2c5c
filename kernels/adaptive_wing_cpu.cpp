// The adaptive wing in f32 and bf16: without branches, so that it runs on vectors. With t = min(d,
// θ) both branches of the definition are one expression, since the second is the tangent at θ:
//   slope = ω·(α−y)·t^(α−y−1)/(1 + t^(α−y)),  wing = ω·ln(1 + t^(α−y)) + slope·(d − t)
#include <algorithm>
#include <array>
#include <cmath>

#include "kernels/adaptive_wing.h"
#include "kernels/cpu_operations.h"
#include "kernels/dispatch.h"

// glibc has vector forms of these two, which compilers take only where they are declared so.
#if defined(__GLIBC__) && defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
extern "C" {
__attribute__((simd("notinbranch"))) float expf(float) noexcept;
__attribute__((simd("notinbranch"))) float logf(float) noexcept;
}
#endif

namespace lanet {

namespace {

// The parts into which the sum is split: of fixed number, whatever the number of threads.
constexpr int64_t kParts = 64;
// Elements whose values are kept before they are added up.
constexpr int64_t kBlock = 512;

static_assert(kAdaptiveWingEpsilon == 1, "the expressions below leave the division by ε out");

/// ln(1 + p) for 0 ≤ p ≤ 1/2: 2·artanh(s) with s = p/(2+p) ≤ 1/5, whose series ends at float's
/// precision after s^9. log1pf would do, but has no vector form in older libraries.
inline float log_one_plus(float p) {
  const float s = p / (2 + p), q = s * s;
  return 2 * s * (1 + q * (1 / 3.f + q * (1 / 5.f + q * (1 / 7.f + q * (1 / 9.f)))));
}

/// Values and gradients of one block; values are weighted, the gradient is scaled.
template <typename T>
void wing_block(const T* __restrict prediction, const float* __restrict target,
                const float* __restrict weight, float scale, int64_t n, float* __restrict value,
                float* __restrict gradient) {
  constexpr float alpha = kAdaptiveWingAlpha, omega = kAdaptiveWingOmega,
                  theta = kAdaptiveWingTheta;
#pragma omp simd
  for (int64_t i = 0; i < n; ++i) {
    const float error = float(prediction[i]) - target[i];
    const float distance = std::abs(error);
    const float t = std::min(std::max(distance, 1e-30f), theta);  // log(0) is not wanted
    const float exponent = alpha - target[i];
    const float power = expf(exponent * logf(t));
    const float slope = omega * exponent * power / (t * (1 + power));
    value[i] = weight[i] * (omega * log_one_plus(power) + slope * (distance - t));
    const float sign = error > 0 ? 1.f : error < 0 ? -1.f : 0.f;
    gradient[i] = scale * weight[i] * sign * slope;
  }
}

template <typename T>
void adaptive_wing_parts(const AdaptiveWingArgs& args) {
  const int64_t n = args.prediction.elements();
  const float scale = static_cast<float>(args.scale / n);
  const T* prediction = args.prediction.as<T>();
  const float *target = args.target.as<float>(), *weight = args.weight.as<float>();
  T* dprediction = args.dprediction ? args.dprediction.tensor.as<T>() : nullptr;
  std::array<double, kParts> sums{};
#pragma omp parallel for
  for (int64_t part = 0; part < kParts; ++part) {
    const int64_t end = n * (part + 1) / kParts;
    float value[kBlock], gradient[kBlock];
    double sum = 0;
    for (int64_t begin = n * part / kParts; begin < end; begin += kBlock) {
      const int64_t count = std::min(kBlock, end - begin);
      wing_block(prediction + begin, target + begin, weight + begin, scale, count, value, gradient);
#pragma omp simd reduction(+ : sum)
      for (int64_t i = 0; i < count; ++i) sum += value[i];
      if (!dprediction) continue;
      for (int64_t i = 0; i < count; ++i)
        write_gradient(dprediction[begin + i], gradient[i], args.dprediction.add);
    }
    sums[part] = sum;
  }
  double sum = 0;
  for (const double part : sums) sum += part;
  args.loss.as<float>()[0] = static_cast<float>(sum / n);
}

}  // namespace

void adaptive_wing_cpu(const AdaptiveWingArgs& args) {
  dispatch_narrow(args.prediction.dtype, [&]<typename T>() { adaptive_wing_parts<T>(args); });
}

}  // namespace lanet
