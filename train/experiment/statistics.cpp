#include "train/experiment/statistics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "core/error.h"

namespace lanet {

namespace {

constexpr double kConfidence = 0.95;
constexpr const char* kNone = "–";
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

/// P(|T| ≤ t) with angle = atan(t / √degrees): for whole degrees a finite sum (Abramowitz and
/// Stegun 26.7.3 and 26.7.4).
double central_probability(double angle, int64_t degrees) {
  const double sine = std::sin(angle), cosine = std::cos(angle);
  const bool odd = degrees % 2 == 1;
  double term = odd ? cosine : 1, sum = 0;
  for (int64_t k = odd ? 2 : 1; k < degrees; k += 2) {
    sum += term;
    term *= cosine * cosine * static_cast<double>(k) / static_cast<double>(k + 1);
  }
  return odd ? 2 / std::numbers::pi * (angle + sine * sum) : sine * sum;
}

}  // namespace

Spread spread_of(std::span<const double> values) {
  const auto count = static_cast<double>(values.size());
  double sum = 0, squares = 0;
  for (const double value : values) sum += value;
  const double mean = values.empty() ? kNan : sum / count;
  for (const double value : values) squares += (value - mean) * (value - mean);
  return {.count = std::ssize(values),
          .mean = mean,
          .deviation = values.size() < 2 ? kNan : std::sqrt(squares / (count - 1))};
}

double student_t(double probability, int64_t degrees) {
  LANET_REQUIRE(probability > 0 && probability < 1 && degrees >= 1, "{} of {} degrees of freedom",
                probability, degrees);
  double low = 0, high = std::numbers::pi / 2;
  for (int halving = 0; halving < 100; ++halving) {
    const double middle = (low + high) / 2;
    (central_probability(middle, degrees) < probability ? low : high) = middle;
  }
  return std::tan(low) * std::sqrt(static_cast<double>(degrees));
}

double confidence_reach(const Spread& spread, double probability) {
  if (spread.count < 2) return kNan;
  return student_t(probability, spread.count - 1) * spread.deviation /
         std::sqrt(static_cast<double>(spread.count));
}

Interval wilson_interval(double share, int64_t count) {
  LANET_REQUIRE(share >= 0 && share <= 1 && count > 0, "{} of {}", share, count);
  constexpr double kNormal = 1.959963984540054;  // the normal quantile of 0.975
  const auto trials = static_cast<double>(count);
  const double square = kNormal * kNormal / trials;
  const double middle = (share + square / 2) / (1 + square);
  const double reach =
      kNormal / (1 + square) * std::sqrt(share * (1 - share) / trials + square / (4 * trials));
  return {std::max(0.0, middle - reach), std::min(1.0, middle + reach)};
}

std::string mean_text(std::span<const double> values, double scale, int decimals) {
  const Spread spread = spread_of(values);
  if (spread.count == 0) return kNone;
  std::string text = fmt::format("{:.{}f}", scale * spread.mean, decimals);
  if (spread.count > 1) text += fmt::format(" ± {:.{}f}", scale * spread.deviation, decimals);
  return text;
}

std::string difference_text(std::span<const double> values) {
  const Spread spread = spread_of(values);
  if (spread.count == 0) return kNone;
  std::string text = fmt::format("{:+.1f}", 100 * spread.mean);
  if (const double reach = confidence_reach(spread, kConfidence); std::isfinite(reach))
    text += fmt::format(" ({:+.1f} to {:+.1f})", 100 * (spread.mean - reach),
                        100 * (spread.mean + reach));
  return text;
}

}  // namespace lanet
