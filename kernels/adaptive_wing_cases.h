// Sizes and tensors for the tests and the benchmark of adaptive_wing.
#pragma once

#include "core/owned_tensor.h"
#include "kernels/adaptive_wing.h"

namespace lanet {

struct AdaptiveWingCase {
  int64_t batch, height, width, landmarks, channels;
  bool bench = false;
};
inline constexpr AdaptiveWingCase kAdaptiveWingCases[] = {
    {1, 1, 1, 1, 1},     {2, 3, 5, 7, 7}, {2, 3, 5, 7, 10},           {3, 16, 17, 19, 19},
    {3, 16, 17, 19, 24}, {1, 2, 2, 1, 8}, {32, 56, 56, 19, 19, true}, {32, 56, 56, 19, 24, true}};

/// What it reads and writes.
struct AdaptiveWingTensors {
  OwnedTensor prediction, target, weight, loss, dprediction;
  double scale = 1;
  bool added = false;  ///< to the gradient

  /// Distances on both sides of θ, and on both sides of 0.
  AdaptiveWingTensors(const AdaptiveWingCase& c, DType dtype, Context& context = host_context()) {
    const Shape shape{c.batch, c.height, c.width, c.landmarks},
        predicted{c.batch, c.height, c.width, c.channels};
    const DType sums = accumulate_dtype(dtype);
    prediction = OwnedTensor::random(context, predicted, dtype, 1, -1, 2);
    target = OwnedTensor::random(context, shape, sums, 2, 0, 1);
    weight = OwnedTensor::random(context, shape, sums, 3, 0, 10);
    loss = OwnedTensor(context, {1}, sums);
    dprediction = OwnedTensor(context, predicted, dtype);
  }
  std::vector<OwnedTensor*> all() { return {&prediction, &target, &weight, &loss, &dprediction}; }
  AdaptiveWingArgs args() const {
    return {.prediction = prediction,
            .target = target,
            .weight = weight,
            .loss = loss,
            .dprediction = {dprediction, added},
            .scale = scale};
  }
};

}  // namespace lanet
