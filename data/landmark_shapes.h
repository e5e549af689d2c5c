// The shape of a face: what is left of its landmarks when place, size and tilt are taken out. It
// knows the expression better than any average of feature maps, before anything is trained.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace lanet {

/// The share of the largest variance that is added to each direction's before it is scaled by it:
/// directions that hold little but the detector's noise stay small.
constexpr double kShapeVarianceFloor = 0.1;

struct LandmarkShapes {
  int64_t dimensions = 0;       ///< D = 2·L
  std::vector<float> shapes;    ///< [N, D]; 0 where the landmarks are not valid
  std::vector<float> mirrored;  ///< [N, D], of the mirrored faces
};

/// Generalised Procrustes analysis of points [N, L, 2] (in any unit), over the faces with valid ≠ 0
/// and their mirror images, and then their principal directions, each scaled by
///   1/√(λ_j + kShapeVarianceFloor·λ_1),
/// λ_j being its variance and λ_1 the largest. Direction 1 comes first; each points to where its
/// largest component is positive. flip_permutation: landmark l of a mirrored face is landmark
/// flip_permutation[l] of the face. Computed in double and in a fixed order: the same bits on every
/// machine with the same compiler and mathematics library.
/// Throws InputError if fewer than two faces are valid, or all of them have one shape.
LandmarkShapes landmark_shapes(std::span<const float> points, std::span<const uint8_t> valid,
                               std::span<const int32_t> flip_permutation);

}  // namespace lanet
