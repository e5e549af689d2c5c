// The residual blocks of ResNet, with torchvision's names inside.
#pragma once

#include "layers/recorder.h"

namespace lanet {

/// Two 3x3 convolutions; the first has the stride. `name` as `f_q.layer1.0`.
/// [B, H, W, C] -> [B, H/stride, W/stride, width].
Value* basic_block(Recorder& recorder, const std::string& name, Value* x, int64_t width,
                   int64_t stride);

constexpr int64_t kBottleneckExpansion = 4;
/// 1x1 to `width`, 3x3 with the stride, 1x1 to 4·width.
Value* bottleneck(Recorder& recorder, const std::string& name, Value* x, int64_t width,
                  int64_t stride);

}  // namespace lanet
