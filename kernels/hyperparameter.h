// Hyperparameters of operations. They have no defaults in kernels/: those of a run are in
// train/config/config.h, and the caller of an operation passes them.
#pragma once

#include <cmath>
#include <initializer_list>
#include <limits>
#include <utility>

#include "core/error.h"

namespace lanet {

/// What a hyperparameter is until the caller sets it.
inline constexpr double kNotGiven = std::numeric_limits<double>::quiet_NaN();

/// Requires every hyperparameter, a pair of name and value, to have been set.
inline void require_given(const char* operation,
                          std::initializer_list<std::pair<const char*, double>> hyperparameters) {
  for (const auto& [name, value] : hyperparameters)
    LANET_REQUIRE(!std::isnan(value), "{}: {} is not given; it has no default", operation, name);
}

}  // namespace lanet
