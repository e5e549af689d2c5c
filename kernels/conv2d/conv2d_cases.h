// Sizes and tensors for the tests and the benchmark of conv2d.
#pragma once

#include "core/owned_tensor.h"
#include "kernels/conv2d/conv2d.h"

namespace lanet {

struct Conv2dCase {
  Conv2dShape shape;  // batch, height, width, in_channels, out_channels, kernel, stride, padding
  const char* name = nullptr;  // a layer of the network, measured; others are tested
};
inline constexpr Conv2dCase kConv2dCases[] = {
    // Odd sizes: every border, a last column that no window reads, one pixel.
    {{1, 1, 1, 1, 1, 1, 1, 0}},
    {{2, 5, 7, 3, 4, 3, 1, 1}},
    {{1, 9, 6, 5, 3, 3, 2, 1}},
    {{2, 7, 5, 4, 6, 1, 1, 0}},
    {{1, 8, 7, 6, 5, 1, 2, 0}},
    {{1, 9, 11, 3, 2, 7, 2, 3}},
    {{1, 3, 4, 2, 2, 3, 1, 0}},
    // Every kind of layer, small.
    {{2, 18, 22, 3, 64, 7, 2, 3}},
    {{2, 14, 14, 64, 64, 3, 1, 1}},
    {{1, 8, 8, 64, 128, 3, 2, 1}},
    {{2, 8, 8, 64, 128, 1, 2, 0}},
    {{1, 7, 7, 256, 64, 1, 1, 0}},
    {{2, 9, 8, 64, 19, 1, 1, 0}},
    {{1, 2, 2, 96, 160, 3, 1, 1}},
    // A few pixels: windows that lie outside for the most part, an odd border, and pixels that no
    // window reads.
    {{3, 1, 1, 64, 96, 3, 1, 1}},
    {{2, 1, 2, 96, 64, 3, 1, 1}},
    {{2, 4, 4, 64, 128, 3, 2, 1}},
    {{2, 3, 4, 64, 64, 3, 2, 1}},
    {{2, 4, 4, 64, 64, 2, 3, 1}},
    // ResNet-18 at 224 pixels.
    {{8, 224, 224, 3, 64, 7, 2, 3}, "conv1 224"},
    {{8, 224, 224, 8, 64, 7, 2, 3}, "conv1 padded 224"},
    {{8, 56, 56, 64, 64, 3, 1, 1}, "layer1 224"},
    {{8, 56, 56, 64, 128, 3, 2, 1}, "layer2 first 224"},
    {{8, 56, 56, 64, 128, 1, 2, 0}, "layer2 downsample 224"},
    {{8, 28, 28, 128, 128, 3, 1, 1}, "layer2 224"},
    {{8, 28, 28, 128, 256, 3, 2, 1}, "layer3 first 224"},
    {{8, 14, 14, 256, 256, 3, 1, 1}, "layer3 224"},
    {{8, 14, 14, 256, 512, 3, 2, 1}, "layer4 first 224"},
    {{8, 7, 7, 512, 512, 3, 1, 1}, "layer4 224"},
    // The landmark head, whole and collapsed.
    {{8, 56, 56, 64, 64, 1, 1, 0}, "latlayer1 224"},
    {{8, 56, 56, 64, 19, 1, 1, 0}, "landmark head 1 224"},
    {{8, 56, 56, 64, 24, 1, 1, 0}, "landmark head 1 padded 224"},
    {{8, 7, 7, 512, 19, 1, 1, 0}, "landmark head 4 224"},
    // ResNet-50 at 224 pixels.
    {{8, 56, 56, 256, 64, 1, 1, 0}, "layer1 bottleneck in 224"},
    {{8, 56, 56, 64, 256, 1, 1, 0}, "layer1 bottleneck out 224"},
    {{8, 7, 7, 512, 2048, 1, 1, 0}, "layer4 bottleneck out 224"},
    // ResNet-18 at 64 pixels.
    {{16, 64, 64, 3, 64, 7, 2, 3}, "conv1 64"},
    {{16, 16, 16, 64, 64, 3, 1, 1}, "layer1 64"},
    {{16, 8, 8, 128, 128, 3, 1, 1}, "layer2 64"},
    {{16, 4, 4, 256, 256, 3, 1, 1}, "layer3 64"},
    {{16, 2, 2, 512, 512, 3, 1, 1}, "layer4 64"},
};

/// What the three passes read and write.
struct Conv2dTensors {
  Conv2dShape shape;
  OwnedTensor x, weight, dy, y, dx, dweight;
  bool added;  ///< to the gradients

  /// device: where the passes will run, on which the dtype of dweight depends.
  Conv2dTensors(const Conv2dShape& s, DType dtype, Device device, bool adds = false,
                Context& context = host_context())
      : shape(s), added(adds) {
    shape.dtype = dtype;
    const DType gradient = weight_gradient_dtype(device, dtype);
    const auto random = [&](const Shape& of, DType type, uint32_t seed) {
      return OwnedTensor::random(context, of, type, seed);
    };
    x = random(s.x(), dtype, 1);
    weight = random(s.weight(), dtype, 2);
    dy = random(s.y(), dtype, 3);
    y = OwnedTensor(context, s.y(), dtype);
    dx = added ? random(s.x(), dtype, 4) : OwnedTensor(context, s.x(), dtype);
    dweight = added ? random(s.weight(), gradient, 5) : OwnedTensor(context, s.weight(), gradient);
  }
  std::vector<OwnedTensor*> all() { return {&x, &weight, &dy, &y, &dx, &dweight}; }
  /// The same in double, for the definition.
  Conv2dTensors exact() const {
    Conv2dTensors other = cast_all(*this, DType::f64);
    other.shape.dtype = DType::f64;
    return other;
  }
  Conv2dArgs forward() const { return {.x = x, .weight = weight, .y = y}; }
  Conv2dBackwardDataArgs backward_data() const {
    return {.dy = dy, .weight = weight, .dx = {dx, added}};
  }
  Conv2dBackwardWeightArgs backward_weight() const {
    return {.x = x, .dy = dy, .dweight = {dweight, added}};
  }
};

}  // namespace lanet
