// Convolution of images of a few pixels in float32 on the CPU: for each pair of an output pixel and
// an input pixel in its window, one matrix product over the batch and the channels. The part of a
// window that lies outside the image costs nothing: of the 36 products of 3x3 windows at 2x2 pixels
// (layer4 at 64 pixels), 16 are left.
#pragma once

#include "kernels/conv2d/conv2d_passes.h"

namespace lanet {

extern const Conv2dPasses kPixelPasses;

/// True if this algorithm computes a convolution, and pays: from the shape alone.
bool pixels_serve(const Conv2dShape& shape);

}  // namespace lanet
