// Sizes and tensors for the tests and the benchmark of linear.
#pragma once

#include "core/owned_tensor.h"
#include "kernels/linear.h"

namespace lanet {

struct LinearCase {
  int64_t batch, in, out;
  bool bias, relu;
  bool bench = false;
};
inline constexpr LinearCase kLinearCases[] = {
    {1, 1, 1, true, false},          {3, 5, 7, false, false}, {5, 9, 3, true, true},
    {13, 17, 19, false, true},       {40, 6, 35, true, true}, {128, 512, 7, true, false, true},
    {128, 512, 64, true, true, true}};

/// Which gradients are added to.
struct LinearAdds {
  bool dx = false, dweight = false, dbias = false;
};

/// What both directions read and write.
struct LinearTensors {
  OwnedTensor x, weight, bias, dy, y, dx, dweight, dbias;
  OwnedTensor mask;  ///< if it holds something, the backward pass reads it for y
  LinearAdds add;
  bool relu;

  LinearTensors(const LinearCase& c, DType dtype, const LinearAdds& adds = {},
                Context& context = host_context())
      : add(adds), relu(c.relu) {
    const DType sums = accumulate_dtype(dtype);
    const auto random = [&](const Shape& shape, DType type, uint32_t seed) {
      return OwnedTensor::random(context, shape, type, seed);
    };
    const auto gradient = [&](const Shape& shape, DType type, uint32_t seed, bool added) {
      return added ? random(shape, type, seed) : OwnedTensor(context, shape, type);
    };
    x = random({c.batch, c.in}, dtype, 1);
    weight = random({c.out, c.in}, dtype, 2);
    if (c.bias) bias = random({c.out}, sums, 3);
    dy = random({c.batch, c.out}, dtype, 4);
    y = OwnedTensor(context, {c.batch, c.out}, dtype);
    dx = gradient(x.shape(), dtype, 5, add.dx);
    dweight = gradient(weight.shape(), sums, 6, add.dweight);
    dbias = gradient({c.out}, sums, 7, add.dbias);
  }
  std::vector<OwnedTensor*> all() {
    return {&x, &weight, &bias, &dy, &y, &dx, &dweight, &dbias, &mask};
  }
  size_t workspace_bytes() const {
    return linear_backward_workspace_bytes(y.shape(), y.dtype(), relu);
  }
  LinearArgs forward() const {
    return {.x = x, .weight = weight, .bias = bias, .y = y, .relu = relu};
  }
  LinearBackwardArgs backward() const {
    return {.x = x,
            .weight = weight,
            .y = mask.tensor() ? mask : y,
            .dy = dy,
            .relu = relu,
            .dx = {dx, add.dx},
            .dweight = {dweight, add.dweight},
            .dbias = {dbias, add.dbias}};
  }
};

}  // namespace lanet
