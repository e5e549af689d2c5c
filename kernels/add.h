// Sum of two tensors.
#pragma once

#include "core/context.h"

namespace lanet {

/// y = a + b, all of one shape and dtype (f32, bf16, f64). y may be a or b.
struct AddArgs {
  Tensor a;
  Tensor b;
  Tensor y;
};
void add(Context& context, const AddArgs& args);

/// da and db: dy, set or added to; either may be null, and neither may be dy.
struct AddBackwardArgs {
  Tensor dy;
  Gradient da = {};
  Gradient db = {};
};
void add_backward(Context& context, const AddBackwardArgs& args);

}  // namespace lanet
