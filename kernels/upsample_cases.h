// Sizes and tensors for the tests and the benchmark of upsample_2x.
#pragma once

#include "core/owned_tensor.h"
#include "kernels/upsample.h"

namespace lanet {

/// Of the small image.
struct UpsampleCase {
  int64_t batch, height, width, channels;
  bool bench = false;
};
inline constexpr UpsampleCase kUpsampleCases[] = {
    {1, 1, 1, 1},          {1, 1, 2, 3},          {2, 3, 2, 2},        {1, 4, 5, 19},
    {1, 3, 2, 24},         {2, 7, 7, 64},         {8, 7, 7, 19, true}, {8, 28, 28, 19, true},
    {8, 28, 28, 24, true}, {8, 28, 28, 64, true},
};

/// What both directions read and write.
struct UpsampleTensors {
  OwnedTensor x, addend, dy, y, dx;
  bool added;  ///< to dx

  UpsampleTensors(const UpsampleCase& c, DType dtype, bool adds = false,
                  Context& context = host_context())
      : added(adds) {
    const Shape small{c.batch, c.height, c.width, c.channels},
        large{c.batch, 2 * c.height, 2 * c.width, c.channels};
    const auto random = [&](const Shape& shape, uint32_t seed) {
      return OwnedTensor::random(context, shape, dtype, seed);
    };
    x = random(small, 1);
    addend = random(large, 2);
    dy = random(large, 3);
    y = OwnedTensor(context, large, dtype);
    dx = added ? random(small, 4) : OwnedTensor(context, small, dtype);
  }
  std::vector<OwnedTensor*> all() { return {&x, &addend, &dy, &y, &dx}; }
  Upsample2xArgs forward() const { return {.x = x, .addend = addend, .y = y}; }
  Upsample2xBackwardArgs backward() const { return {.dy = dy, .dx = {dx, added}}; }
};

}  // namespace lanet
