#include "layers/blocks.h"

namespace lanet {

namespace {

/// The shortcut: x itself, or a strided 1x1 convolution and batch norm where the shape changes.
Value* shortcut(Recorder& r, const std::string& name, Value* x, int64_t channels, int64_t stride) {
  if (stride == 1 && x->shape[3] == channels) return x;
  Value* projected = r.conv2d(name + ".downsample.0", x, channels, 1, stride);
  return r.batch_norm(name + ".downsample.1", projected, /*relu=*/false);
}

}  // namespace

Value* basic_block(Recorder& r, const std::string& name, Value* x, int64_t width, int64_t stride) {
  Value* y = r.conv2d(name + ".conv1", x, width, 3, stride);
  y = r.batch_norm(name + ".bn1", y, /*relu=*/true);
  y = r.conv2d(name + ".conv2", y, width, 3, 1);
  return r.batch_norm(name + ".bn2", y, /*relu=*/true, shortcut(r, name, x, width, stride));
}

Value* bottleneck(Recorder& r, const std::string& name, Value* x, int64_t width, int64_t stride) {
  const int64_t channels = kBottleneckExpansion * width;
  Value* y = r.conv2d(name + ".conv1", x, width, 1, 1);
  y = r.batch_norm(name + ".bn1", y, /*relu=*/true);
  y = r.conv2d(name + ".conv2", y, width, 3, stride);
  y = r.batch_norm(name + ".bn2", y, /*relu=*/true);
  y = r.conv2d(name + ".conv3", y, channels, 1, 1);
  return r.batch_norm(name + ".bn3", y, /*relu=*/true, shortcut(r, name, x, channels, stride));
}

}  // namespace lanet
