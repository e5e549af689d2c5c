// Sizes and tensors for the tests and the benchmark of max_pool and global_average_pool.
#pragma once

#include "core/owned_tensor.h"
#include "kernels/pool.h"

namespace lanet {

struct PoolCase {
  int64_t batch, height, width, channels;
  bool bench = false;
};
inline constexpr PoolCase kPoolCases[] = {
    {1, 1, 1, 1},          {1, 2, 3, 2},
    {2, 5, 4, 3},          {1, 6, 7, 19},
    {2, 8, 8, 64},         {1, 9, 5, 100},
    {3, 7, 7, 513},        {8, 7, 7, 512, true},
    {8, 56, 56, 64, true}, {8, 112, 112, 64, true},
};

/// Images whose means are taken together: all with channels in packs of 128 bits, and some not.
inline constexpr PoolCase kPoolGroups[][4] = {
    {{2, 1, 1, 72}, {2, 8, 8, 64}, {2, 4, 5, 200}, {2, 3, 2, 8}},
    {{3, 5, 4, 65}, {3, 1, 1, 100}, {3, 7, 2, 3}, {3, 3, 2, 64}},
};

/// What both directions of both pools read and write.
struct PoolTensors {
  OwnedTensor x, dy, dmean, y, argmax, mean, dx;
  bool added;  ///< to dx

  PoolTensors(const PoolCase& c, DType dtype, bool adds = false, Context& context = host_context())
      : added(adds) {
    const Shape image{c.batch, c.height, c.width, c.channels}, means{c.batch, c.channels};
    const Shape pooled{c.batch, max_pool_size(c.height), max_pool_size(c.width), c.channels};
    const DType sums = accumulate_dtype(dtype);
    x = OwnedTensor::random(context, image, dtype, 1);
    dy = OwnedTensor::random(context, pooled, dtype, 2);
    dmean = OwnedTensor::random(context, means, sums, 2);
    y = OwnedTensor(context, pooled, dtype);
    argmax = OwnedTensor(context, pooled, DType::u8);
    mean = OwnedTensor(context, means, sums);
    dx = added ? OwnedTensor::random(context, image, dtype, 3) : OwnedTensor(context, image, dtype);
  }
  std::vector<OwnedTensor*> all() { return {&x, &dy, &dmean, &y, &argmax, &mean, &dx}; }
  MaxPoolArgs max() const { return {.x = x, .y = y, .argmax = argmax}; }
  MaxPoolBackwardArgs max_backward() const {
    return {.dy = dy, .argmax = argmax, .dx = {dx, added}};
  }
  GlobalAveragePoolArgs average() const { return {.x = x, .y = mean}; }
  GlobalAveragePoolBackwardArgs average_backward() const {
    return {.dy = dmean, .dx = {dx, added}};
  }
};

}  // namespace lanet
