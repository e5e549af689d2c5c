#include "layers/blocks.h"

namespace lanet {

namespace {

/// The end of a block: ReLU of y behind its batch norm plus the shortcut, which is x itself, or a
/// strided 1x1 convolution and batch norm where the shape changes.
Value* add_shortcut(Recorder& r, const std::string& name, const std::string& norm, Value* y,
                    Value* x, int64_t stride) {
  const int64_t channels = y->shape[3];
  if (stride == 1 && x->shape[3] == channels) return r.batch_norm(name + norm, y, /*relu=*/true, x);
  Value* projected = r.conv2d(name + ".downsample.0", x, channels, 1, stride);
  return r.batch_norm_sum(name + norm, y, name + ".downsample.1", projected);
}

}  // namespace

Value* record_basic_block(Recorder& r, const std::string& name, Value* x, int64_t width,
                          int64_t stride) {
  Value* y = r.conv2d(name + ".conv1", x, width, 3, stride);
  y = r.batch_norm(name + ".bn1", y, /*relu=*/true);
  y = r.conv2d(name + ".conv2", y, width, 3, 1);
  return add_shortcut(r, name, ".bn2", y, x, stride);
}

Value* record_bottleneck(Recorder& r, const std::string& name, Value* x, int64_t width,
                         int64_t stride) {
  const int64_t channels = kBottleneck.expansion * width;
  Value* y = r.conv2d(name + ".conv1", x, width, 1, 1);
  y = r.batch_norm(name + ".bn1", y, /*relu=*/true);
  y = r.conv2d(name + ".conv2", y, width, 3, stride);
  y = r.batch_norm(name + ".bn2", y, /*relu=*/true);
  y = r.conv2d(name + ".conv3", y, channels, 1, 1);
  return add_shortcut(r, name, ".bn3", y, x, stride);
}

}  // namespace lanet
