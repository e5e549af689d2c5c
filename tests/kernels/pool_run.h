// What the tests of the pools on every device share.
#pragma once

#include "kernels/pool_cases.h"
#include "tests/device_test.h"

namespace lanet::test {

/// shift: of x, y, dy and dx, in elements.
inline PoolTensors max_run(Device device, PoolTensors t, int64_t shift = 0) {
  Context context(device);
  upload_shifted(context, t, {&t.x, &t.y, &t.dy, &t.dx}, shift);
  max_pool(context, t.max());
  max_pool_backward(context, t.max_backward());
  return download_all(std::move(t));
}

/// shift: of x and dx, in elements.
inline PoolTensors average_run(Device device, PoolTensors t, int64_t shift = 0) {
  Context context(device);
  upload_shifted(context, t, {&t.x, &t.dx}, shift);
  global_average_pool(context, t.average());
  global_average_pool_backward(context, t.average_backward());
  return download_all(std::move(t));
}

/// Against the definition in double, set and added, twice the same.
inline void check_max_pool(Device device, DType dtype) {
  for (const auto& c : kPoolCases) {
    if (c.bench) continue;
    CAPTURE(to_string(dtype));
    CAPTURE(c.height);
    CAPTURE(c.channels);
    PoolTensors in(c, dtype), adding(c, dtype, /*adds=*/true);
    // Coarse values: equal maxima are common, and the first must win.
    in.x.fill([copy = in.x](int64_t i) { return std::round(4 * copy.at(i)) / 4; });
    adding.x = in.x;
    const PoolTensors fast = max_run(device, in),
                      exact = max_run(Device::cpu, cast_all(in, DType::f64));
    CHECK(relative_error(fast.y, exact.y) == 0.0);
    CHECK(fast.argmax.bits_equal(exact.argmax));
    CHECK(relative_error(fast.dx, exact.dx) < rounding_bound(dtype, 4, 1));
    const PoolTensors added = max_run(device, adding, 1),
                      added_exact = max_run(Device::cpu, cast_all(adding, DType::f64));
    CHECK(relative_error(added.dx, added_exact.dx) < rounding_bound(dtype, 5, 1));
    const PoolTensors again = max_run(device, in, 1);
    CHECK(again.y.bits_equal(fast.y));
    CHECK(again.argmax.bits_equal(fast.argmax));
    CHECK(again.dx.bits_equal(fast.dx));
  }
}

inline void check_max_pool_ties(Device device, DType dtype) {
  PoolTensors in({1, 4, 4, 1}, dtype);
  in.x.fill([](int64_t) { return -3.0; });
  in.dy.fill([](int64_t i) { return 1.0 + i; });
  const PoolTensors r = max_run(device, in);
  const double first[] = {4, 3, 1, 0};  // the window's left column or top row is outside
  for (int64_t i = 0; i < 4; ++i) {
    CHECK(r.argmax.at(i) == first[i]);
    CHECK(r.y.at(i) == -3.0);
  }
  CHECK(r.dx.at(0) == 1.0);
  CHECK(r.dx.at(1) == 2.0);
  CHECK(r.dx.at(4) == 3.0);
  CHECK(r.dx.at(5) == 4.0);
  Context context(device);
  const PoolTensors t = upload_all(context, in);
  max_pool(context, {.x = t.x, .y = t.y});
  CHECK(t.y.download().bits_equal(r.y));
}

/// As check_max_pool().
inline void check_average_pool(Device device, DType dtype) {
  for (const auto& c : kPoolCases) {
    if (c.bench) continue;
    CAPTURE(to_string(dtype));
    CAPTURE(c.height);
    CAPTURE(c.channels);
    const PoolTensors in(c, dtype), adding(c, dtype, /*adds=*/true);
    const PoolTensors fast = average_run(device, in),
                      exact = average_run(Device::cpu, cast_all(in, DType::f64));
    const double sums = rounding_bound(accumulate_dtype(dtype), c.height * c.width, 1);
    CHECK(relative_error(fast.mean, exact.mean) < sums);
    CHECK(relative_error(fast.dx, exact.dx) < rounding_bound(dtype, 1, 1));
    const PoolTensors added = average_run(device, adding, 1),
                      added_exact = average_run(Device::cpu, cast_all(adding, DType::f64));
    CHECK(relative_error(added.mean, exact.mean) < sums);
    CHECK(relative_error(added.dx, added_exact.dx) < rounding_bound(dtype, 1, 1));
    const PoolTensors again = average_run(device, in);
    CHECK(again.mean.bits_equal(fast.mean));
    CHECK(again.dx.bits_equal(fast.dx));
  }
}

}  // namespace lanet::test
