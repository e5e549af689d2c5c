// Definition of the operation; the contract is in adam.h.
#pragma once

#include <cmath>

#include "kernels/adam.h"

namespace lanet {

/// A: float or double.
template <typename A>
void adam_ref(const AdamArgs& args) {
  const double* step = args.step_values.as<double>();
  const A learning_rate = A(step[0]), correction1 = A(step[1]), correction2 = A(step[2]);
  const int64_t n = args.master.elements(), rounded = adam_rounded(args);
  const int64_t followed = args.momentum_copy ? args.momentum_copy.elements() : 0;
  for (int64_t i = 0; i < n; ++i) {
    A& p = args.master.as<A>()[i];
    A& m = args.first_moment.as<A>()[i];
    A& v = args.second_moment.as<A>()[i];
    const A g = i < rounded ? A(args.rounded_gradient.as<bfloat16>()[i])
                            : args.gradient.as<A>()[i - rounded];
    m = A(args.beta1) * m + A(1 - args.beta1) * g;
    v = A(args.beta2) * v + A(1 - args.beta2) * g * g;
    const A decay = adam_decays(args, i) ? A(args.weight_decay) * p : A(0);
    p -= learning_rate * (m / correction1 / (std::sqrt(v / correction2) + A(args.epsilon)) + decay);
    if (args.shadow) args.shadow.as<bfloat16>()[i] = bfloat16(p);
    if (i >= followed) continue;
    A& copy = args.momentum_copy.as<A>()[i];
    copy = A(args.key_momentum) * copy + A(1 - args.key_momentum) * p;
    if (args.momentum_shadow) args.momentum_shadow.as<bfloat16>()[i] = bfloat16(copy);
  }
}

}  // namespace lanet
