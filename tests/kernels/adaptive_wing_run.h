// What the tests of adaptive_wing on every device share.
#pragma once

#include "kernels/adaptive_wing_cases.h"
#include "tests/device_test.h"

namespace lanet::test {

/// start: what the gradient is added to; null: it is set. shift: of the images, in elements.
inline AdaptiveWingTensors run(Device device, AdaptiveWingTensors t, double scale = 1,
                               const OwnedTensor* start = nullptr, int64_t shift = 0,
                               int threads = 0) {
  Context context(device, threads);
  context.reserve_workspace(adaptive_wing_workspace_bytes(t.target.shape()));
  t.scale = scale;
  t.added = start != nullptr;
  if (start) t.dprediction = start->cast(t.dprediction.dtype());
  upload_shifted(context, t, {&t.prediction, &t.target, &t.weight, &t.dprediction}, shift);
  context.freeze();
  adaptive_wing(context, t.args());
  return download_all(std::move(t));
}

/// One element with this prediction and target, weight 1.
inline AdaptiveWingTensors run_one(Device device, double prediction, double target, DType dtype) {
  AdaptiveWingTensors in({1, 1, 1, 1, 1}, dtype);
  in.prediction.set(0, prediction);
  in.target.set(0, target);
  in.weight.set(0, 1);
  return run(device, std::move(in));
}

inline void check_hit(Device device) {
  for (const DType dtype : {DType::f32, DType::bf16, DType::f64}) {
    for (const double target : {0.0, 0.5, 1.0}) {
      const AdaptiveWingTensors r = run_one(device, target, target, dtype);
      CHECK(std::abs(r.loss.at(0)) < 1e-20);
      CHECK(r.dprediction.at(0) == 0.0);
    }
  }
}

inline void check_threshold(Device device) {
  for (const DType dtype : {DType::f32, DType::f64}) {
    const double near = dtype == DType::f32 ? 1e-6 : 1e-12;
    for (const double target : {0.0, 0.25, 1.0}) {
      const AdaptiveWingTensors at = run_one(device, target - 0.5, target, dtype);
      const AdaptiveWingTensors below = run_one(device, target - 0.5 + near, target, dtype);
      CHECK(below.loss.at(0) == doctest::Approx(at.loss.at(0)).epsilon(10 * near));
      CHECK(below.dprediction.at(0) == doctest::Approx(at.dprediction.at(0)).epsilon(10 * near));
      // The slope of the second branch, from the contract.
      const double exponent = 2.1 - target, power = std::pow(0.5, exponent);
      const double slope = 14 / (1 + power) * exponent * std::pow(0.5, exponent - 1);
      CHECK(-at.dprediction.at(0) == doctest::Approx(slope).epsilon(1e-6));
      const AdaptiveWingTensors far = run_one(device, target + 3, target, dtype);
      CHECK(far.dprediction.at(0) == doctest::Approx(slope).epsilon(1e-6));
      CHECK(far.loss.at(0) == doctest::Approx(at.loss.at(0) + 2.5 * slope).epsilon(1e-6));
    }
  }
}

}  // namespace lanet::test
