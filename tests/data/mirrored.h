// A picture with left and right exchanged.
#pragma once

#include <algorithm>

#include "data/image.h"

namespace lanet::test {

inline HostImage mirrored(const HostImage& image) {
  HostImage result = image;
  for (int i = 0; i < image.width * image.height; ++i) {
    const int x = i % image.width, row = i - x;
    std::copy_n(&image.rgb[size_t{3} * (row + image.width - 1 - x)], 3, &result.rgb[size_t{3} * i]);
  }
  return result;
}

}  // namespace lanet::test
