// A copy in another floating dtype, rounded to nearest, ties to even.
#pragma once

#include "core/context.h"

namespace lanet {

/// from, to: of the same shape, each f32, bf16 or f64. f64 to bf16 is rounded to f32 on the way.
struct CastArgs {
  Tensor from;
  Tensor to;
};
void cast(Context& context, const CastArgs& args);

}  // namespace lanet
