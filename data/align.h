// Alignment: turns, scales and moves a picture so that its landmarks lie where a template has them.
#pragma once

#include <span>
#include <vector>

#include "data/image.h"
#include "data/landmarks.h"

namespace lanet {

/// (x, y) → (a·x − b·y + dx, b·x + a·y + dy).
struct Similarity {
  double a = 1, b = 0, dx = 0, dy = 0;
};

/// The similarity transform that brings points [L, 2] nearest to others, by least squares, without
/// a mirror image. The points must not all be equal.
Similarity fit_similarity(std::span<const double> from, std::span<const double> to);

/// The picture under `transform`, of which size x size pixels are kept. Coordinates are those of
/// landmarks: the first pixel reaches from 0 to 1. Bicubic (kernels/resize.h), over the pixels that
/// fall into an output pixel where the picture shrinks; what lies outside repeats its edge.
HostImage align_image(const HostImage& picture, const Similarity& transform, int size);

/// How the landmarks of a file are to be understood.
struct LandmarkUnits {
  LandmarkCoordinates coordinates = LandmarkCoordinates::picture;
  double side = 224;  ///< of the square, with LandmarkCoordinates::square
};

/// A face in the position of the template.
struct AlignedFace {
  HostImage picture;
  std::vector<double> points;  ///< [L, 2], in pixels of it; empty: no usable landmarks
};

/// size x size pixels of a picture, turned, scaled and moved so that the landmarks of face `i`, in
/// the units of their file, lie where aligned_template() has them. Without usable landmarks the
/// picture is only resized. Marks face i if its landmarks lie outside the picture; several threads
/// may align different faces.
AlignedFace align_face(const HostImage& picture, Landmarks& landmarks, size_t i,
                       const LandmarkUnits& units, int size);

/// Pictures of one size in rows of `columns`; white where there are none.
HostImage image_grid(std::span<const HostImage> pictures, int columns);

}  // namespace lanet
