// What the tests of heatmap on every device share.
#pragma once

#include "kernels/heatmap_cases.h"
#include "tests/device_test.h"

namespace lanet::test {

/// shift: of both images, in elements.
inline HeatmapTensors run(Device device, HeatmapTensors t, int64_t shift = 0) {
  Context context(device);
  upload_shifted(context, t, {&t.target, &t.weight}, shift);
  heatmap(context, t.args());
  return download_all(std::move(t));
}

/// Of three faces on a grid of 9x9 the second is not valid.
inline HeatmapTensors second_not_valid(DType dtype) {
  HeatmapTensors in({3, 9, 9, 2}, dtype);
  in.landmarks = OwnedTensor::random({3, 2, 2}, dtype, 1, 0, 36);
  in.valid = OwnedTensor({3}, DType::u8, [](int64_t b) { return b == 1 ? 0 : b == 0 ? 1 : 255; });
  return in;
}

}  // namespace lanet::test
