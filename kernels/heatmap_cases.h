// Sizes and tensors for the tests and the benchmark of heatmap.
#pragma once

#include "core/owned_tensor.h"
#include "kernels/heatmap.h"

namespace lanet {

struct HeatmapCase {
  int64_t batch, height, width, landmarks;
  bool bench = false;
};
inline constexpr HeatmapCase kHeatmapCases[] = {
    {1, 1, 1, 1}, {2, 7, 9, 3}, {3, 16, 16, 19}, {32, 56, 56, 19, true}};

/// What it reads and writes.
struct HeatmapTensors {
  OwnedTensor landmarks, target, weight;
  OwnedTensor valid;  ///< holds nothing: all are

  /// Landmarks inside the grid and a little outside.
  HeatmapTensors(const HeatmapCase& c, DType dtype, Context& context = host_context()) {
    const Shape maps{c.batch, c.height, c.width, c.landmarks};
    landmarks = OwnedTensor::random(context, {c.batch, c.landmarks, 2}, dtype, 1, -10,
                                    static_cast<double>(kHeatmapStride * c.width + 10));
    target = OwnedTensor(context, maps, dtype);
    weight = OwnedTensor(context, maps, dtype);
  }
  std::vector<OwnedTensor*> all() { return {&landmarks, &target, &weight, &valid}; }
  HeatmapArgs args() const {
    return {.landmarks = landmarks, .valid = valid, .target = target, .weight = weight};
  }
};

}  // namespace lanet
