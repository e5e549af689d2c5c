// Landmarks that cannot be right, by position in the list; of valid faces.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace lanet {

struct LandmarkSanity {
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

/// What is doubtful about the landmarks of a whole set, 19 or 5 for each face, a line for each: the
/// median face spans a small part of its picture or is far from its middle, as where coordinates
/// are taken for those of another square; most faces have left and right exchanged; or more than a
/// tenth has eyes, nose and mouth in no order, points outside or the points of an earlier face.
/// Arguments as above; `file`: for the lines.
std::vector<std::string> doubtful_landmarks(std::span<const float> points,
                                            std::span<const uint8_t> valid, double side,
                                            std::span<const int32_t> flip_permutation,
                                            const std::string& file);

}  // namespace lanet
