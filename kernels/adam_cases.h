// Sizes and tensors for the tests and the benchmark of adam.
#pragma once

#include <cmath>

#include "core/owned_tensor.h"
#include "kernels/adam.h"

namespace lanet {

struct AdamCase {
  int64_t parameters;
  int64_t followed;     // length of the momentum copy; 0: none
  int64_t rounded = 0;  // length of the bf16 gradient; 0: none
  bool bench = false;
};
inline constexpr AdamCase kAdamCases[] = {{1, 1},
                                          {7, 3},
                                          {33, 0},
                                          {4099, 2050},
                                          {4100, 4100},
                                          {9, 5, 4},
                                          {4101, 2050, 2052},
                                          {20'000'000, 19'000'000, 0, true}};

/// What a step reads and writes. The values depend on the case alone, those of f32 being those of
/// f64 rounded.
struct AdamTensors {
  OwnedTensor master, rounded_gradient, gradient, first_moment, second_moment, momentum_copy,
      shadow, momentum_shadow, decayed, step_values;
  double weight_decay;

  AdamTensors(const AdamCase& c, DType dtype, double decay = 0, Context& context = host_context())
      : weight_decay(decay) {
    const auto random = [&](int64_t elements, DType type, uint32_t seed, double lo = -1) {
      return OwnedTensor::random(context, {elements}, type, seed, lo, 1);
    };
    master = random(c.parameters, dtype, 1);
    rounded_gradient = random(c.rounded, DType::bf16, 6);
    gradient = random(c.parameters - c.rounded, dtype, 2);
    first_moment = random(c.parameters, dtype, 3);
    second_moment = random(c.parameters, dtype, 4, 0.1);
    momentum_copy = random(c.followed, dtype, 5);
    shadow = OwnedTensor(context, {c.parameters}, DType::bf16);
    momentum_shadow = OwnedTensor(context, {c.followed}, DType::bf16);
    // Groups alone, groups side by side, and other values than 1.
    decayed = OwnedTensor(context, {(c.parameters + kAdamDecayGroup - 1) / kAdamDecayGroup},
                          DType::u8, [](int64_t g) {
                            return g % 5 == 0 ? 1 : g % 5 == 3 || g % 5 == 4 ? 255 : 0;
                          });
    set_step(1, 1e-2, context);
  }
  /// The step values of step `t` = 1, 2, ….
  void set_step(int t, double learning_rate, Context& context = host_context()) {
    const double values[] = {learning_rate, 1 - std::pow(0.9, t), 1 - std::pow(0.999, t)};
    step_values = OwnedTensor(context, {3}, DType::f64, [&](int64_t i) { return values[i]; });
  }
  std::vector<OwnedTensor*> all() {
    return {&master,        &rounded_gradient, &gradient,        &first_moment, &second_moment,
            &momentum_copy, &shadow,           &momentum_shadow, &decayed,      &step_values};
  }
  /// The same numbers in another dtype: what was rounded stays rounded.
  AdamTensors cast(DType dtype) const {
    AdamTensors other = *this;
    for (OwnedTensor* t : {&other.master, &other.gradient, &other.first_moment,
                           &other.second_moment, &other.momentum_copy})
      *t = t->cast(dtype);
    return other;
  }
  AdamArgs args() const {
    const auto unless_empty = [](const Tensor& t) { return t.elements() > 0 ? t : Tensor{}; };
    return {.master = master,
            .rounded_gradient = unless_empty(rounded_gradient),
            .gradient = gradient,
            .first_moment = first_moment,
            .second_moment = second_moment,
            .momentum_copy = unless_empty(momentum_copy),
            .shadow = shadow,
            .momentum_shadow = unless_empty(momentum_shadow),
            .decayed = decayed,
            .step_values = step_values,
            .beta1 = 0.9,
            .beta2 = 0.999,
            .epsilon = 1e-8,
            .key_momentum = 0.999,
            .weight_decay = weight_decay};
  }
};

}  // namespace lanet
