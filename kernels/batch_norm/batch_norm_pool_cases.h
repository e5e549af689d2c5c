// Sizes and tensors for the tests and the benchmark of batch_norm_max_pool.
#pragma once

#include "core/owned_tensor.h"
#include "kernels/batch_norm/batch_norm_pool.h"
#include "kernels/pool.h"

namespace lanet {

struct BatchNormPoolCase {
  int64_t batch, height, width, channels;
  bool bench = false;
};
inline constexpr BatchNormPoolCase kBatchNormPoolCases[] = {
    {1, 1, 1, 3},
    {1, 2, 3, 2},
    {2, 5, 7, 3},
    {1, 6, 7, 19},
    {2, 8, 8, 64},
    {1, 9, 5, 100},
    {1, 70, 3, 8},
    {1, 3, 130, 64},
    {4, 18, 18, 8},
    // The stem of ResNet at 224 and at 64 pixels.
    {8, 112, 112, 64, true},
    {16, 32, 32, 64, true},
};

/// What all passes read and write.
struct BatchNormPoolTensors {
  OwnedTensor x, mean, inv_std, weight, bias, dy;
  OwnedTensor y, argmax, sum_dy, sum_dy_xhat, dweight, dbias, dx;
  OwnedTensor found;           ///< if it holds something, the backward passes read it for argmax
  bool add_first, add_second;  // to dweight and dx, to dbias

  /// Weights of both signs: where one is negative, the smallest x has the maximum.
  BatchNormPoolTensors(const BatchNormPoolCase& c, DType dtype, bool to_first = false,
                       bool to_second = false, Context& context = host_context())
      : add_first(to_first), add_second(to_second) {
    const Shape image{c.batch, c.height, c.width, c.channels}, vector{c.channels};
    const Shape pooled{c.batch, max_pool_size(c.height), max_pool_size(c.width), c.channels};
    const DType wide = accumulate_dtype(dtype);
    const auto random = [&](uint32_t seed, double lo = -1, double hi = 1) {
      return OwnedTensor::random(context, vector, wide, seed, lo, hi);
    };
    x = OwnedTensor::random(context, image, dtype, 1, -1, 2);
    weight = random(2, -2, 2);
    bias = random(3);
    mean = random(8);
    inv_std = random(9, 0.5, 2);
    dy = OwnedTensor::random(context, pooled, dtype, 4);
    y = OwnedTensor(context, pooled, dtype);
    argmax = OwnedTensor(context, pooled, DType::u8);
    for (OwnedTensor* t : {&sum_dy, &sum_dy_xhat, &dweight, &dbias})
      *t = OwnedTensor(context, vector, wide);
    dx = add_first ? OwnedTensor::random(context, image, dtype, 5)
                   : OwnedTensor(context, image, dtype);
    if (add_first) dweight = random(6);
    if (add_second) dbias = random(7);
  }
  std::vector<OwnedTensor*> all() {
    return {&x,      &mean,   &inv_std,     &weight,  &bias,  &dy, &y,
            &argmax, &sum_dy, &sum_dy_xhat, &dweight, &dbias, &dx, &found};
  }
  BatchNormMaxPoolArgs forward() const {
    return {.x = x,
            .mean = mean,
            .inv_std = inv_std,
            .weight = weight,
            .bias = bias,
            .y = y,
            .argmax = argmax};
  }
  BatchNormMaxPoolBackwardReduceArgs reduce() const {
    return {.x = x,
            .mean = mean,
            .inv_std = inv_std,
            .dy = dy,
            .argmax = found.tensor() ? found : argmax,
            .sum_dy = sum_dy,
            .sum_dy_xhat = sum_dy_xhat,
            .dweight = {dweight, add_first},
            .dbias = {dbias, add_second}};
  }
  BatchNormMaxPoolBackwardApplyArgs backward_apply() const {
    return {.x = x,
            .mean = mean,
            .inv_std = inv_std,
            .weight = weight,
            .dy = dy,
            .argmax = found.tensor() ? found : argmax,
            .sum_dy = sum_dy,
            .sum_dy_xhat = sum_dy_xhat,
            .dx = {dx, add_first}};
  }
};

}  // namespace lanet
