// Mean, standard deviation and confidence interval of a few measurements.
#pragma once

#include <cstdint>
#include <span>

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

}  // namespace lanet
