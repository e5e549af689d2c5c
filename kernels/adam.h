// AdamW over all parameters at once, fused with the momentum network's update and the bf16 copies.
//   m ← β1·m + (1−β1)·g,  v ← β2·v + (1−β2)·g²                    (docs/design.md, "Optimiser")
//   p ← p − lr·(m/(1−β1^t))/(√(v/(1−β2^t)) + ε) − lr·weight_decay·p, the last for what decays:
//   decoupled (Loshchilov and Hutter 2019), so the moments know nothing of it
//   momentum_copy ← km·momentum_copy + (1−km)·p, with the new p: the momentum network's update
//   before the next step's forward pass                           (docs/design.md, "Networks")
//   shadow ← p, momentum_shadow ← momentum_copy, rounded to bf16
#pragma once

#include "core/context.h"
#include "kernels/hyperparameter.h"

namespace lanet {

/// master, first_moment, second_moment: [n], all f32 or all f64.
/// rounded_gradient: bf16 [g], that of the first g elements, g a multiple of kAdamPack; or absent.
/// gradient: [n − g] of the dtype of master, that of the other elements.
/// momentum_copy: [k] of the same dtype, k ≤ n, follows the first k elements; or absent.
/// shadow: bf16 [n], momentum_shadow: bf16 [k]; or absent.
/// decayed: u8 [⌈n / kAdamDecayGroup⌉], not 0 where the elements of a group decay; needed if
/// weight_decay is not 0. A weight_decay of 0 gives the bits of plain Adam.
/// step_values: f64 [3] on the device: learning rate, 1 − β1^t, 1 − β2^t for step t = 1, 2, …
/// One pass over memory. Element by element, so the same bits for any number of threads.
/// On CUDA every tensor starts at a multiple of 16 bytes.
struct AdamArgs {
  Tensor master;
  Tensor rounded_gradient = {};
  Tensor gradient;
  Tensor first_moment;
  Tensor second_moment;
  Tensor momentum_copy = {};
  Tensor shadow = {};
  Tensor momentum_shadow = {};
  Tensor decayed = {};
  Tensor step_values;
  double beta1 = kNotGiven;
  double beta2 = kNotGiven;
  double epsilon = kNotGiven;
  double key_momentum = kNotGiven;  // km, needed with momentum_copy
  double weight_decay = 0;
};
constexpr int64_t kAdamPack = 4;
constexpr int64_t kAdamDecayGroup = 64;
void adam(Context& context, const AdamArgs& args);

/// g, 0 if there is none.
inline int64_t adam_rounded(const AdamArgs& args) {
  return args.rounded_gradient ? args.rounded_gradient.elements() : 0;
}

/// True if element i decays. On the CPU.
inline bool adam_decays(const AdamArgs& args, int64_t i) {
  return args.weight_decay != 0 && args.decayed.as<uint8_t>()[i / kAdamDecayGroup] != 0;
}

}  // namespace lanet
