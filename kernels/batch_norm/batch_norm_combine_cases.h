// Sizes and tensors for the tests and the benchmark of batch_norm_combine.
#pragma once

#include "core/owned_tensor.h"
#include "kernels/batch_norm/batch_norm_combine.h"

namespace lanet {

struct BatchNormCombineCase {
  int64_t ranks, rows, channels;
  bool bench = false;
};
inline constexpr BatchNormCombineCase kBatchNormCombineCases[] = {
    {1, 1, 3},
    {1, 9, 7},
    {2, 1, 5},
    {2, 30, 33},
    {3, 11, 131},
    {8, 17, 70},
    // ResNet-18 at 224 pixels, 16 images a rank: layer1 and layer4.
    {8, 16 * 56 * 56, 64, true},
    {8, 16 * 7 * 7, 512, true},
};

/// What it reads and writes.
struct BatchNormCombineTensors {
  int64_t rows;                 // of each rank
  OwnedTensor means, inv_stds;  // of each rank's rows
  OwnedTensor mean, inv_std, running_mean, running_var;

  BatchNormCombineTensors(const BatchNormCombineCase& c, DType dtype, uint32_t seed = 1,
                          Context& context = host_context())
      : rows(c.rows) {
    const Shape ranks{c.ranks, c.channels}, vector{c.channels};
    means = OwnedTensor::random(context, ranks, dtype, seed + 3);
    inv_stds = OwnedTensor::random(context, ranks, dtype, seed + 4, 0.5, 2);
    running_mean = OwnedTensor::random(context, vector, dtype, seed + 1);
    running_var = OwnedTensor::random(context, vector, dtype, seed + 2, 0.5, 2);
    mean = OwnedTensor(context, vector, dtype);
    inv_std = OwnedTensor(context, vector, dtype);
  }
  std::vector<OwnedTensor*> all() {
    return {&means, &inv_stds, &mean, &inv_std, &running_mean, &running_var};
  }
  BatchNormCombineArgs args() const {
    return {.means = means,
            .inv_stds = inv_stds,
            .rows = rows,
            .mean = mean,
            .inv_std = inv_std,
            .running_mean = running_mean,
            .running_var = running_var};
  }
};

}  // namespace lanet
