// Sizes and tensors for the tests and the benchmark of l2_normalize.
#pragma once

#include "core/owned_tensor.h"
#include "kernels/l2_normalize.h"

namespace lanet {

struct L2NormalizeCase {
  int64_t rows, width;
  bool bench = false;
};
inline constexpr L2NormalizeCase kL2NormalizeCases[] = {
    {1, 1},   {3, 5},          {7, 33},          {16, 64},
    {5, 129}, {128, 64, true}, {128, 512, true}, {128, 2048, true},
};

/// What both directions read and write.
struct L2NormalizeTensors {
  OwnedTensor x, dy, y, norm, dx;
  bool added;  ///< to the gradient

  L2NormalizeTensors(const L2NormalizeCase& c, DType dtype, bool add = false,
                     Context& context = host_context())
      : added(add) {
    const Shape shape{c.rows, c.width};
    x = OwnedTensor::random(context, shape, dtype, 1);
    dy = OwnedTensor::random(context, shape, dtype, 2);
    y = OwnedTensor(context, shape, dtype);
    norm = OwnedTensor(context, {c.rows}, accumulate_dtype(dtype));
    dx = added ? OwnedTensor::random(context, shape, dtype, 3) : OwnedTensor(context, shape, dtype);
  }
  std::vector<OwnedTensor*> all() { return {&x, &dy, &y, &norm, &dx}; }
  L2NormalizeArgs forward() const { return {.x = x, .y = y, .norm = norm}; }
  L2NormalizeBackwardArgs backward() const {
    return {.y = y, .norm = norm, .dy = dy, .dx = {dx, added}};
  }
};

}  // namespace lanet
