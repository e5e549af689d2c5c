// What the tests of adam share: a state of any size and dtype, and steps by the definition.
#pragma once

#include "kernels/adam.h"
#include "kernels/adam_cases.h"
#include "tests/op_test.h"

namespace lanet::test {

/// All tensors of one case.
struct AdamState {
  OwnedTensor master, rounded_gradient, gradient, first_moment, second_moment, momentum_copy,
      shadow, momentum_shadow, decayed, step_values;
  double weight_decay = 0;

  /// The same numbers in another dtype: what was rounded stays rounded.
  AdamState cast(DType dtype) const {
    return {master.cast(dtype),
            rounded_gradient,
            gradient.cast(dtype),
            first_moment.cast(dtype),
            second_moment.cast(dtype),
            momentum_copy.cast(dtype),
            shadow,
            momentum_shadow,
            decayed,
            step_values,
            weight_decay};
  }
  /// The step values of step `t` = 1, 2, ….
  void set_step(int t, double learning_rate) {
    step_values.set(0, learning_rate);
    step_values.set(1, 1 - std::pow(0.9, t));
    step_values.set(2, 1 - std::pow(0.999, t));
  }
  AdamArgs args() const {
    const bool follows = momentum_copy.elements() > 0;
    return {
        .master = master,
        .rounded_gradient = rounded_gradient.elements() > 0 ? rounded_gradient.tensor() : Tensor{},
        .gradient = gradient,
        .first_moment = first_moment,
        .second_moment = second_moment,
        .momentum_copy = follows ? momentum_copy.tensor() : Tensor{},
        .shadow = shadow,
        .momentum_shadow = follows ? momentum_shadow.tensor() : Tensor{},
        .decayed = decayed,
        .step_values = step_values,
        .beta1 = 0.9,
        .beta2 = 0.999,
        .epsilon = 1e-8,
        .key_momentum = 0.999,
        .weight_decay = weight_decay};
  }
};

/// The values depend on the case alone, those of f32 being those of f64 rounded.
inline AdamState adam_state(const AdamCase& c, DType dtype, double weight_decay = 0) {
  AdamState state{OwnedTensor::random({c.parameters}, dtype, 1),
                  OwnedTensor::random({c.rounded}, DType::bf16, 6),
                  OwnedTensor::random({c.parameters - c.rounded}, dtype, 2),
                  OwnedTensor::random({c.parameters}, dtype, 3),
                  OwnedTensor::random({c.parameters}, dtype, 4, 0.1, 1),
                  OwnedTensor::random({c.followed}, dtype, 5),
                  OwnedTensor({c.parameters}, DType::bf16),
                  OwnedTensor({c.followed}, DType::bf16),
                  OwnedTensor({(c.parameters + kAdamDecayGroup - 1) / kAdamDecayGroup}, DType::u8),
                  OwnedTensor({3}, DType::f64),
                  weight_decay};
  // Groups alone, groups side by side, and other values than 1.
  state.decayed.fill([](int64_t g) { return g % 5 == 0 ? 1 : g % 5 == 3 || g % 5 == 4 ? 255 : 0; });
  state.set_step(1, 1e-2);
  return state;
}

}  // namespace lanet::test
