// One algorithm for convolutions in float32 on the CPU, which reads and writes images and weights
// as they are.
#pragma once

#include "kernels/conv2d/conv2d.h"

namespace lanet {

/// The passes of conv2d.h.
struct Conv2dPasses {
  const char* name;
  /// What each of the three passes needs of the workspace on this many threads.
  size_t (*workspace_bytes)(const Conv2dShape& shape, int threads);
  void (*forward)(Context& context, const Conv2dShape& shape, const Conv2dArgs& args);
  void (*backward_data)(Context& context, const Conv2dShape& shape,
                        const Conv2dBackwardDataArgs& args);
  void (*backward_weight)(Context& context, const Conv2dShape& shape,
                          const Conv2dBackwardWeightArgs& args);
};

}  // namespace lanet
