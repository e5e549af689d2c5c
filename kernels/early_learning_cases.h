// Sizes and tensors for the tests and the benchmark of early_learning.
#pragma once

#include "kernels/early_learning.h"
#include "kernels/label_posterior_cases.h"

namespace lanet {

struct EarlyLearningCase {
  int64_t batch, classes, samples;
  bool bench = false;
};
inline constexpr EarlyLearningCase kEarlyLearningCases[] = {
    {1, 2, 1},
    {3, 7, 5},
    {5, 8, 20},
    {33, 13, 40},  // more rows than a block has warps
    {9, 70, 12},   // more classes than a warp has lanes
    {128, 7, 12271, true},
    {1024, 7, 12271, true}};

/// What it reads and writes.
struct EarlyLearningTensors {
  OwnedTensor logits, samples, targets, target, loss, dlogits;
  double momentum = 0.7, scale = 1;
  bool added = false;  ///< to the gradient

  /// Logits of up to `spread`, either way.
  EarlyLearningTensors(const EarlyLearningCase& c, DType dtype, double spread = 1,
                       Context& context = host_context()) {
    const Shape batch{c.batch, c.classes};
    const DType wide = accumulate_dtype(dtype);
    logits = OwnedTensor::random(context, batch, dtype, 1, -spread, spread);
    samples = OwnedTensor(context, {c.batch}, DType::i32,
                          [&](int64_t b) { return (5 * b + 2) % c.samples; });
    // After some visits: the rows add up to a little less than 1.
    targets = random_distributions(context, {c.samples, c.classes}, wide, 2, 0.9);
    target = OwnedTensor(context, batch, wide);
    loss = OwnedTensor(context, {1}, wide);
    dlogits = OwnedTensor(context, batch, dtype);
  }
  std::vector<OwnedTensor*> all() {
    return {&logits, &samples, &targets, &target, &loss, &dlogits};
  }
  EarlyLearningArgs args() const {
    return {.logits = logits,
            .sample_indices = samples,
            .targets = targets,
            .target = target,
            .loss = loss,
            .dlogits = {dlogits, added},
            .momentum = momentum,
            .scale = scale};
  }
};

}  // namespace lanet
