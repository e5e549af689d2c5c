// The residual blocks of ResNet, with torchvision's names inside.
#pragma once

#include "layers/recorder.h"

namespace lanet {

/// A kind of block.
struct Block {
  int64_t expansion;
  /// Records [B, H, W, C] -> [B, H/stride, W/stride, expansion·width]; `name` as `f_q.layer1.0`.
  Value* (*record)(Recorder& recorder, const std::string& name, Value* x, int64_t width,
                   int64_t stride);
};

/// Two 3x3 convolutions; the first has the stride.
Value* record_basic_block(Recorder& recorder, const std::string& name, Value* x, int64_t width,
                          int64_t stride);
inline constexpr Block kBasicBlock{1, record_basic_block};

/// 1x1 to `width`, 3x3 with the stride, 1x1 to 4·width.
Value* record_bottleneck(Recorder& recorder, const std::string& name, Value* x, int64_t width,
                         int64_t stride);
inline constexpr Block kBottleneck{4, record_bottleneck};

}  // namespace lanet
