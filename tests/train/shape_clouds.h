// Shapes whose classes are known: clouds around a place for each class.
#pragma once

#include <vector>

#include "core/rng.h"
#include "data/landmark_shapes.h"

namespace lanet::test {

inline constexpr int64_t kClasses = 3, kFaces = 300, kDimensions = 4;
inline constexpr double kRate = 0.4;

/// With the share kRate of wrong labels.
struct Clouds {
  Clouds() {
    RandomStream random(7, Purpose::test);
    shapes.dimensions = kDimensions;
    for (int64_t i = 0; i < kFaces; ++i) {
      truth.push_back(static_cast<int32_t>(i % kClasses));
      const bool wrong = random.uniform() < kRate;
      given.push_back(wrong ? static_cast<int32_t>((truth[i] + 1 + random.below(2)) % kClasses)
                            : truth[i]);
      for (int64_t d = 0; d < kDimensions; ++d) {
        const double place = d == truth[i] ? 2 : 0;
        shapes.shapes.push_back(static_cast<float>(place + 0.5 * normal(random)));
        shapes.mirrored.push_back(static_cast<float>(place + 0.5 * normal(random)));
      }
    }
    valid.assign(kFaces, 1);
  }
  LandmarkShapes shapes;
  std::vector<uint8_t> valid;
  std::vector<int32_t> truth, given;
};

}  // namespace lanet::test
