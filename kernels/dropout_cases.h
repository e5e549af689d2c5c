// Sizes and tensors for the tests and the benchmark of dropout.
#pragma once

#include "core/owned_tensor.h"
#include "kernels/dropout.h"

namespace lanet {

struct DropoutCase {
  int64_t rows, width;
  int64_t first_element;  // of these in the whole batch
  bool bench = false;
};
inline constexpr DropoutCase kDropoutCases[] = {
    {1, 1, 0},      {3, 7, 0},           {3, 7, 21},          {8, 64, 512},
    {33, 65, 2146}, {512, 128, 0, true}, {128, 2048, 0, true}};

/// What both directions read and write.
struct DropoutTensors {
  OwnedTensor x, dy, y, dx, step;
  DropoutMask numbers;  ///< of the mask, without the step
  bool added;           ///< to the gradient

  DropoutTensors(const DropoutCase& c, DType dtype, bool add = false,
                 Context& context = host_context())
      : numbers{.rate = 0.3,
                .seed = 0x0123456789ABCDEF,
                .step = {},
                .layer = 77,
                .first_element = c.first_element},
        added(add) {
    const Shape shape{c.rows, c.width};
    x = OwnedTensor::random(context, shape, dtype, 1);
    dy = OwnedTensor::random(context, shape, dtype, 2);
    y = OwnedTensor(context, shape, dtype);
    dx = added ? OwnedTensor::random(context, shape, dtype, 3) : OwnedTensor(context, shape, dtype);
    step = OwnedTensor(context, {1}, DType::i32, [](int64_t) { return 5; });
  }
  std::vector<OwnedTensor*> all() { return {&x, &dy, &y, &dx, &step}; }
  DropoutMask mask() const {
    DropoutMask mask = numbers;
    mask.step = step;
    return mask;
  }
  DropoutArgs forward() const { return {.x = x, .y = y, .mask = mask()}; }
  DropoutBackwardArgs backward() const { return {.dy = dy, .dx = {dx, added}, .mask = mask()}; }
};

}  // namespace lanet
