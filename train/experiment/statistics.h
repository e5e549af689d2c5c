// Mean, standard deviation and confidence interval of a few measurements.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace lanet {

struct Spread {
  int64_t count = 0;
  double mean = 0;       ///< NaN of no values
  double deviation = 0;  ///< sample standard deviation (n − 1); NaN of fewer than two
};

Spread spread_of(std::span<const double> values);

/// The t > 0 with P(|T| ≤ t) = `probability`, of Student's T with `degrees` degrees of freedom; to
/// about twelve digits. 0 < probability < 1, degrees ≥ 1.
double student_t(double probability, int64_t degrees);

/// How far the confidence interval of the mean reaches to each side, by Student's t; NaN of fewer
/// than two values. `probability`: 0.95.
double confidence_reach(const Spread& spread, double probability);

struct Interval {
  double low = 0, high = 0;
};
/// Wilson's 95 % confidence interval of a probability of which `share` of `count` trials, at least
/// one, were successes. It lies in 0..1, and is sensible for few trials and for shares of 0 and 1.
Interval wilson_interval(double share, int64_t count);

// As text, of several seeds; "–" of no values.

/// "72.9 ± 0.4", mean and deviation of the values times `scale`; of one value no deviation.
std::string mean_text(std::span<const double> values, double scale, int decimals);
/// "+14.0 (+12.1 to +15.9)", of differences times 100, with the 95 % confidence interval (Student's
/// t) if there are two or more.
std::string difference_text(std::span<const double> values);

}  // namespace lanet
