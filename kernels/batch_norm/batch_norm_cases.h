// Sizes and tensors for the tests and the benchmark of batch_norm.
#pragma once

#include "core/owned_tensor.h"
#include "kernels/batch_norm/batch_norm.h"

namespace lanet {

struct BatchNormCase {
  int64_t rows, channels;
  bool bench = false;
};
inline constexpr BatchNormCase kBatchNormCases[] = {
    {1, 3},
    {16, 1},
    {5, 7},
    {9, 33},
    {6, 70},
    {600, 19},
    {1003, 64},
    {131, 512},
    {8, 2048},
    // ResNet-18 at 224 pixels, batch 8: conv1, layer1 to layer4.
    {8 * 112 * 112, 64, true},
    {8 * 56 * 56, 64, true},
    {8 * 28 * 28, 128, true},
    {8 * 14 * 14, 256, true},
    {8 * 7 * 7, 512, true},
    // At 64 pixels, batch 16: layer1 and layer4.
    {16 * 16 * 16, 64, true},
    {16 * 2 * 2, 512, true},
};

/// What is added to the normalised image.
enum class BatchNormAdded { nothing, residual, second };

struct BatchNormOptions {
  bool relu = true;
  BatchNormAdded added = BatchNormAdded::residual;
  bool find_y = false;      // the backward pass gets no y
  bool add_first = false;   // to dweight and dx
  bool add_second = false;  // to dbias and dresidual
};

/// An image that is normalised, and what belongs to it.
struct BatchNormImage {
  OwnedTensor x, weight, bias, running_mean, running_var;
  OwnedTensor mean, inv_std, sum_dy_xhat, dweight, dbias, dx;

  BatchNormImage() = default;
  BatchNormImage(const BatchNormCase& c, DType dtype, const BatchNormOptions& o, uint32_t seed,
                 Context& context) {
    const Shape image{c.rows, c.channels}, vector{c.channels};
    const DType wide = accumulate_dtype(dtype);
    const auto random = [&](uint32_t offset, double lo = -1, double hi = 1) {
      return OwnedTensor::random(context, vector, wide, seed + offset, lo, hi);
    };
    x = OwnedTensor::random(context, image, dtype, seed, -1, 2);
    weight = random(1, 0.5, 2);
    bias = random(2);
    running_mean = random(3);
    running_var = random(4, 0.5, 2);
    for (OwnedTensor* t : {&mean, &inv_std, &sum_dy_xhat, &dweight, &dbias})
      *t = OwnedTensor(context, vector, wide);
    dx = o.add_first ? OwnedTensor::random(context, image, dtype, seed + 5)
                     : OwnedTensor(context, image, dtype);
    if (o.add_first) dweight = random(6);
    if (o.add_second) dbias = random(7);
  }
  std::vector<OwnedTensor*> all() {
    return {&x,       &weight,      &bias,    &running_mean, &running_var, &mean,
            &inv_std, &sum_dy_xhat, &dweight, &dbias,        &dx};
  }
  BatchNormStatisticsArgs statistics() const {
    return {.x = x,
            .mean = mean,
            .inv_std = inv_std,
            .running_mean = running_mean,
            .running_var = running_var};
  }
  BatchNormTerm term(const BatchNormOptions& o) const {
    return {.x = x,
            .mean = mean,
            .inv_std = inv_std,
            .weight = weight,
            .bias = bias,
            .sum_dy_xhat = sum_dy_xhat,
            .dweight = {dweight, o.add_first},
            .dbias = {dbias, o.add_second},
            .dx = {dx, o.add_first}};
  }
};

/// What all passes read and write.
struct BatchNormTensors {
  BatchNormOptions o;
  BatchNormImage first, second;
  OwnedTensor residual, dy, y, sum_dy, dresidual;
  OwnedTensor mask;  ///< if it holds something, the backward passes read it for y

  BatchNormTensors(const BatchNormCase& c, DType dtype, const BatchNormOptions& options,
                   uint32_t seed = 1, Context& context = host_context())
      : o(options), first(c, dtype, o, seed, context) {
    const Shape image{c.rows, c.channels};
    const auto random = [&](uint32_t offset) {
      return OwnedTensor::random(context, image, dtype, seed + offset);
    };
    if (o.added == BatchNormAdded::second) second = {c, dtype, o, seed + 20, context};
    if (o.added == BatchNormAdded::residual) {
      residual = random(40);
      dresidual = o.add_second ? random(42) : OwnedTensor(context, image, dtype);
    }
    dy = random(41);
    y = OwnedTensor(context, image, dtype);
    sum_dy = OwnedTensor(context, {c.channels}, accumulate_dtype(dtype));
  }
  std::vector<OwnedTensor*> all() {
    std::vector<OwnedTensor*> tensors = first.all(), its = second.all();
    tensors.insert(tensors.end(), its.begin(), its.end());
    tensors.insert(tensors.end(), {&residual, &dy, &y, &sum_dy, &dresidual, &mask});
    return tensors;
  }
  BatchNormTerm second_term() const {
    return o.added == BatchNormAdded::second ? second.term(o) : BatchNormTerm{};
  }
  BatchNormApplyArgs apply() const {
    return {.x = first.x,
            .mean = first.mean,
            .inv_std = first.inv_std,
            .weight = first.weight,
            .bias = first.bias,
            .residual = residual,
            .second = second_term(),
            .y = y,
            .relu = o.relu};
  }
  /// Of the running statistics as they are before statistics().
  BatchNormInferenceArgs inference(const Tensor& its_y) const {
    return {.x = first.x,
            .running_mean = first.running_mean,
            .running_var = first.running_var,
            .weight = first.weight,
            .bias = first.bias,
            .residual = residual,
            .y = its_y,
            .relu = o.relu};
  }
  Tensor read_y() const {
    if (!o.relu || o.find_y || o.added == BatchNormAdded::second) return {};
    return mask.tensor() ? mask : y;
  }
  BatchNormBackwardReduceArgs reduce() const {
    return {.x = first.x,
            .mean = first.mean,
            .inv_std = first.inv_std,
            .weight = first.weight,
            .bias = first.bias,
            .second = second_term(),
            .dy = dy,
            .y = read_y(),
            .relu = o.relu,
            .sum_dy = sum_dy,
            .sum_dy_xhat = first.sum_dy_xhat,
            .dweight = {first.dweight, o.add_first},
            .dbias = {first.dbias, o.add_second}};
  }
  BatchNormBackwardApplyArgs backward_apply() const {
    return {.x = first.x,
            .mean = first.mean,
            .inv_std = first.inv_std,
            .weight = first.weight,
            .bias = first.bias,
            .second = second_term(),
            .dy = dy,
            .y = read_y(),
            .relu = o.relu,
            .sum_dy = sum_dy,
            .sum_dy_xhat = first.sum_dy_xhat,
            .dx = {first.dx, o.add_first},
            .dresidual = {dresidual, o.add_second}};
  }
};

}  // namespace lanet
