// Sizes and tensors for the tests and benchmarks of softmax_cross_entropy and kl_divergence, and
// sizes for those of pseudo_label.
#pragma once

#include "core/owned_tensor.h"
#include "kernels/kl_divergence.h"
#include "kernels/softmax_cross_entropy.h"

namespace lanet {

struct ClassLossCase {
  int64_t batch, classes;
  bool bench = false;
};
inline constexpr ClassLossCase kClassLossCases[] = {
    {1, 2}, {3, 7}, {5, 8}, {33, 13}, {128, 7, true}};

/// What softmax_cross_entropy reads and writes.
struct SoftmaxCrossEntropyTensors {
  OwnedTensor logits, labels, loss, dlogits;
  double scale = 1, smoothing = 0;
  bool added;  ///< to the gradient

  SoftmaxCrossEntropyTensors(const ClassLossCase& c, DType dtype, bool add = false,
                             Context& context = host_context())
      : added(add) {
    const Shape shape{c.batch, c.classes};
    logits = OwnedTensor::random(context, shape, dtype, 1);
    labels = OwnedTensor(context, {c.batch}, DType::i32,
                         [&](int64_t b) { return (3 * b + 1) % c.classes; });
    loss = OwnedTensor(context, {1}, accumulate_dtype(dtype));
    // Below 0, as the label's gradient is: these two do not cancel.
    dlogits = added ? OwnedTensor::random(context, shape, dtype, 2, -0.1, 0)
                    : OwnedTensor(context, shape, dtype);
  }
  std::vector<OwnedTensor*> all() { return {&logits, &labels, &loss, &dlogits}; }
  SoftmaxCrossEntropyArgs args() const {
    return {.logits = logits,
            .labels = labels,
            .loss = loss,
            .dlogits = {dlogits, added},
            .scale = scale,
            .smoothing = smoothing};
  }
};

/// Which gradients of kl_divergence are added to.
struct KlDivergenceAdds {
  bool dtarget = false, dlogits = false;
};

/// What kl_divergence reads and writes.
struct KlDivergenceTensors {
  OwnedTensor target, logits, loss, dtarget, dlogits;
  double scale = 1;
  KlDivergenceAdds add;

  KlDivergenceTensors(const ClassLossCase& c, DType dtype, const KlDivergenceAdds& adds = {},
                      Context& context = host_context())
      : add(adds) {
    const Shape shape{c.batch, c.classes};
    const auto random = [&](uint32_t seed, double lo, double hi) {
      return OwnedTensor::random(context, shape, dtype, seed, lo, hi);
    };
    // Positive rows that do not quite add up to 1: the gradient by the target needs no constraint.
    const double mean = 1 / static_cast<double>(c.classes);
    target = random(7, 0.1 * mean, 2 * mean);
    logits = random(1, -3, 3);
    loss = OwnedTensor(context, {1}, accumulate_dtype(dtype));
    dtarget = add.dtarget ? random(2, -0.1, 0.1) : OwnedTensor(context, shape, dtype);
    dlogits = add.dlogits ? random(3, -0.1, 0.1) : OwnedTensor(context, shape, dtype);
  }
  std::vector<OwnedTensor*> all() { return {&target, &logits, &loss, &dtarget, &dlogits}; }
  KlDivergenceArgs args() const {
    return {.target = target,
            .logits = logits,
            .loss = loss,
            .dtarget = {dtarget, add.dtarget},
            .dlogits = {dlogits, add.dlogits},
            .scale = scale};
  }
};

}  // namespace lanet
