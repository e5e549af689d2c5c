// Definition of the operation; the contract is in adaptive_wing.h.
#pragma once

#include <algorithm>
#include <cmath>

#include "kernels/adaptive_wing.h"

namespace lanet {

template <typename A>
struct Wing {
  A value;
  A slope;  // by the distance
};

/// The adaptive wing at `distance` ≥ 0 from `target`.
template <typename A>
Wing<A> wing(A distance, A target) {
  const A alpha = A(kAdaptiveWingAlpha), omega = A(kAdaptiveWingOmega),
          epsilon = A(kAdaptiveWingEpsilon), theta = A(kAdaptiveWingTheta);
  const A exponent = alpha - target;
  if (distance < theta) {
    const A power = std::pow(distance / epsilon, exponent);
    const A slope =
        omega * exponent * std::pow(distance / epsilon, exponent - 1) / (epsilon * (1 + power));
    return {omega * std::log1p(power), slope};
  }
  const A power = std::pow(theta / epsilon, exponent);
  const A slope =
      omega * (1 / (1 + power)) * exponent * std::pow(theta / epsilon, exponent - 1) / epsilon;
  const A shift = theta * slope - omega * std::log1p(power);
  return {slope * distance - shift, slope};
}

template <typename T>
void adaptive_wing_ref(const AdaptiveWingArgs& args) {
  using A = accumulate_t<T>;
  const int64_t n = args.target.elements();
  const int64_t landmarks = args.target.shape[3], channels = args.prediction.shape[3];
  const T* prediction = args.prediction.as<T>();
  const A *target = args.target.as<A>(), *weight = args.weight.as<A>();
  const A scale = A(args.scale / n);
  T* dprediction = args.dprediction ? args.dprediction.tensor.as<T>() : nullptr;
  double sum = 0;
  for (int64_t i = 0; i < n; ++i) {
    const int64_t place = i / landmarks * channels + i % landmarks;  // padding is skipped
    const A error = A(prediction[place]) - target[i];
    const Wing<A> w = wing(std::abs(error), target[i]);
    // Written out, lest it depends on the compiler whether the sum has the same bits with and
    // without the gradient.
    sum = std::fma(static_cast<double>(weight[i]), static_cast<double>(w.value), sum);
    if (!dprediction) continue;
    const A sign = A((error > 0) - (error < 0));
    write_gradient(dprediction[place], scale * weight[i] * sign * w.slope, args.dprediction.add);
    if (i % landmarks == landmarks - 1 && !args.dprediction.add)
      std::fill_n(dprediction + place + 1, channels - landmarks, T(A(0)));
  }
  args.loss.as<A>()[0] = A(sum / n);
}

}  // namespace lanet
