// What the tests of upsample_2x on every device share.
#pragma once

#include "kernels/upsample_cases.h"
#include "tests/device_test.h"

namespace lanet::test {

/// shift: of every tensor, in elements.
inline UpsampleTensors run(Device device, UpsampleTensors t, int64_t shift = 0) {
  Context context(device);
  upload_shifted(context, t, t.all(), shift);
  upsample_2x(context, t.forward());
  upsample_2x_backward(context, t.backward());
  return download_all(std::move(t));
}

/// Against the definition in double, set and added, twice the same.
inline void check_upsample(Device device, DType dtype) {
  for (const auto& c : kUpsampleCases) {
    if (c.bench) continue;
    CAPTURE(to_string(dtype));
    CAPTURE(c.height);
    CAPTURE(c.channels);
    const UpsampleTensors in(c, dtype), fast = run(device, in),
                                        exact = run(Device::cpu, cast_all(in, DType::f64));
    CHECK(relative_error(fast.y, exact.y) < rounding_bound(dtype, 5, 1));
    CHECK(relative_error(fast.dx, exact.dx) < rounding_bound(dtype, 16, 1));
    UpsampleTensors adding(c, dtype, /*adds=*/true);
    adding.addend = {};
    const UpsampleTensors added = run(device, adding, 1),
                          added_exact = run(Device::cpu, cast_all(adding, DType::f64));
    CHECK(relative_error(added.y, added_exact.y) < rounding_bound(dtype, 4, 1));
    CHECK(relative_error(added.dx, added_exact.dx) < rounding_bound(dtype, 17, 1));
    const UpsampleTensors again = run(device, in);
    CHECK(again.y.bits_equal(fast.y));
    CHECK(again.dx.bits_equal(fast.dx));
  }
}

inline void check_upsample_borders(Device device) {
  Context context(device);
  const OwnedTensor x(context, {1, 1, 2, 1}, DType::f32, [](int64_t i) { return 4 * i; }),
      y(context, {1, 2, 4, 1}, DType::f32, [](int64_t) { return 10; });
  upsample_2x(context, {.x = x, .addend = y, .y = y});
  const OwnedTensor sum = y.download();
  const double expected[] = {10, 11, 13, 14, 10, 11, 13, 14};
  for (int64_t i = 0; i < 8; ++i) CHECK(sum.at(i) == expected[i]);
}

}  // namespace lanet::test
