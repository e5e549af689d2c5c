#include "core/rng.h"

#include <cmath>
#include <numbers>

namespace lanet {

double normal(RandomStream& stream) {
  const double u =
      1.0 - static_cast<double>(stream.uniform());  // in (0, 1]: its logarithm is finite
  const double v = stream.uniform();
  return std::sqrt(-2.0 * std::log(u)) * std::cos(2.0 * std::numbers::pi * v);
}

}  // namespace lanet
