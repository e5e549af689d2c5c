// Bicubic resizing of RGB pictures, as Pillow's Image.resize(size, BICUBIC) does it
// (docs/design.md, "Augmentation"): to the grey level, because the published recipe was trained on
// such pictures. (Pillow 13 changed the order of the two passes where one axis shrinks and the
// other grows; this is the older order.)
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/tensor.h"

namespace lanet {

/// A box of whole pixels.
struct PixelBox {
  int64_t x = 0, y = 0, width = 0, height = 0;
};

/// y = the box of x, stretched to y's size. x: u8 [H, W, 3]; y: u8 [OH, OW, 3], not x.
/// With `mirror` the box lies in the picture flipped left to right.
///
/// Along an axis with `in` box pixels and `out` output pixels, r = in/out, f = max(r, 1), output
/// pixel o has its centre at c = (o + 1/2)·r and is the mean of the box pixels i, weighted by
/// cubic((i + 1/2 − c)/f), normalised. cubic is the Keys kernel with a = −1/2. Pixels outside
/// the box do not count. Weights are rounded to 22 fractional bits. Across comes first, then down;
/// each of the two passes rounds to 8 bits, halves up, clipped to 0..255.
struct ResizeArgs {
  Tensor x;
  PixelBox box;
  bool mirror = false;
  Tensor y;
};
/// Host memory only. `scratch`: resize_scratch_bytes(), 4-byte aligned. Does not allocate; one
/// thread.
void resize_bicubic(const ResizeArgs& args, void* scratch);

/// Never more for a smaller box.
size_t resize_scratch_bytes(int64_t box_width, int64_t box_height, int64_t out_width,
                            int64_t out_height);

}  // namespace lanet
