// Landmarks that cannot be right, by position in the list.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace lanet {

struct LandmarkSanity {
  std::vector<int64_t> missing;    ///< faces that are not valid; the rest is of the others
  std::vector<int64_t> outside;    ///< a point lies outside the picture
  std::vector<int64_t> mirrored;   ///< most left points lie to the right of their partners
  std::vector<int64_t> identical;  ///< point by point those of an earlier face
  std::vector<int64_t> spread;     ///< less than half, or more than twice as large as the median
};

/// points [N, L, 2], (x, y) in pixels of a picture of this side; valid [N]. flip_permutation [L]:
/// the partner of each landmark in a mirrored face, or itself. Of two partners that with the lower
/// number is the left one, as seen in the picture.
LandmarkSanity landmark_sanity(std::span<const float> points, std::span<const uint8_t> valid,
                               double side, std::span<const int32_t> flip_permutation);

}  // namespace lanet
