// Alignment: turns, scales and moves a picture so that its landmarks lie where a template has them.
#pragma once

#include <span>

#include "data/image.h"

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

/// Pictures of one size in rows of `columns`; white where there are none.
HostImage image_grid(std::span<const HostImage> pictures, int columns);

}  // namespace lanet
