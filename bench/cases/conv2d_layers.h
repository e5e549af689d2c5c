// The convolutions of the network that are measured.
#pragma once

#include "bench/bench.h"
#include "kernels/conv2d/conv2d_cases.h"

namespace lanet::bench {

inline const std::vector<std::string> kConv2dAxes = {"batch", "height", "width",  "in",
                                                     "out",   "kernel", "stride", "padding"};

/// Sizes in the order of these axes.
inline std::vector<Sizes> conv2d_layers() {
  std::vector<Sizes> sizes;
  for (const auto& [s, name] : kConv2dCases) {
    if (name)
      sizes.push_back({{s.batch, s.height, s.width, s.in_channels, s.out_channels, s.kernel,
                        s.stride, s.padding},
                       name});
  }
  return sizes;
}

inline Conv2dShape conv2d_shape(const Sizes& s, DType dtype) {
  return {s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7], dtype};
}

}  // namespace lanet::bench
