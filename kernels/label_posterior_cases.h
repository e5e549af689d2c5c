// Sizes and tensors for the tests and the benchmark of label_posterior.
#pragma once

#include "core/owned_tensor.h"
#include "kernels/label_posterior.h"

namespace lanet {

struct LabelPosteriorCase {
  int64_t batch, classes, samples;
  bool bench = false;
};
inline constexpr LabelPosteriorCase kLabelPosteriorCases[] = {
    {1, 1, 1},
    {3, 7, 5},
    {5, 8, 20},
    {33, 13, 40},
    {9, 70, 12},  // the last: more classes than a warp has lanes
    {128, 7, 12271, true},
    {1024, 7, 12271, true}};

/// Rows of positive numbers that add up to `total`.
inline OwnedTensor random_distributions(Context& context, const Shape& shape, DType dtype,
                                        uint32_t seed, double total = 1) {
  return random_rows(context, shape, dtype, seed, 0.05, 1, [=](std::vector<double>& row) {
    double sum = 0;
    for (const double x : row) sum += x;
    for (double& x : row) x = total * (x / sum);
  });
}

/// What it reads and writes.
struct LabelPosteriorTensors {
  OwnedTensor logits, labels, samples, channel, log_ratio, opinions, target, opinion;
  double momentum = 0.75;

  LabelPosteriorTensors(const LabelPosteriorCase& c, DType dtype,
                        Context& context = host_context()) {
    const Shape batch{c.batch, c.classes}, table{c.samples, c.classes};
    const DType wide = accumulate_dtype(dtype);
    logits = OwnedTensor::random(context, batch, dtype, 1, -3, 3);
    labels = OwnedTensor(context, {c.batch}, DType::i32,
                         [&](int64_t b) { return (3 * b + 1) % c.classes; });
    samples = OwnedTensor(context, {c.batch}, DType::i32,
                          [&](int64_t b) { return (5 * b + 2) % c.samples; });
    channel = random_distributions(context, {c.classes, c.classes}, wide, 2);
    log_ratio = OwnedTensor::random(context, table, wide, 3, -4, 1);
    opinions = random_distributions(context, table, wide, 4);
    target = OwnedTensor(context, batch, dtype);
    opinion = OwnedTensor(context, batch, wide);
  }
  std::vector<OwnedTensor*> all() {
    return {&logits, &labels, &samples, &channel, &log_ratio, &opinions, &target, &opinion};
  }
  LabelPosteriorArgs args() const {
    return {.logits = logits,
            .labels = labels,
            .sample_indices = samples,
            .channel = channel,
            .log_ratio = log_ratio,
            .opinions = opinions,
            .target = target,
            .opinion = opinion,
            .momentum = momentum};
  }
};

}  // namespace lanet
