// What the tests of dropout on every device compute with.
#pragma once

#include "kernels/dropout.h"
#include "kernels/dropout_cases.h"
#include "tests/device_test.h"

namespace lanet::test {

/// A mask's numbers; its step as the host knows it.
struct MaskNumbers {
  double rate = 0.3;
  uint64_t seed = 0x0123456789ABCDEF;
  int step = 5;
  uint32_t layer = 77;
  int64_t first_element = 0;
};

struct DropoutRun {
  OwnedTensor y, dx;
};

/// By how many elements what is read, and what is written, stands off a multiple of 64 bytes.
struct Shifts {
  int64_t read = 0, written = 0;
};

/// `start`: what the gradient is added to; without one it is set.
inline DropoutRun run_dropout(Device device, const OwnedTensor& x, const OwnedTensor& dy,
                              const MaskNumbers& numbers, const OwnedTensor* start = nullptr,
                              const Shifts& shifts = {}) {
  Context context(device);
  const OwnedTensor blank(x.shape(), x.dtype());
  OwnedTensor step({1}, DType::i32);
  step.set(0, numbers.step);
  const OwnedTensor its_x(context, x, shifts.read), y(context, blank, shifts.written),
      its_dy(context, dy, shifts.read), dx(context, start ? *start : blank, shifts.written),
      its_step(context, step);
  const DropoutMask mask{.rate = numbers.rate,
                         .seed = numbers.seed,
                         .step = its_step,
                         .layer = numbers.layer,
                         .first_element = numbers.first_element};
  dropout(context, {.x = its_x, .y = y, .mask = mask});
  dropout_backward(context, {.dy = its_dy, .dx = {dx, start != nullptr}, .mask = mask});
  CHECK(its_x.download().bits_equal(x));
  CHECK(its_dy.download().bits_equal(dy));
  CHECK(its_step.download().bits_equal(step));
  return {y.download(), dx.download()};
}

/// What a tensor of `n` ones becomes.
inline OwnedTensor drop_ones(Device device, int64_t n, const MaskNumbers& numbers) {
  OwnedTensor ones({n}, DType::f32);
  ones.fill([](int64_t) { return 1; });
  return run_dropout(device, ones, ones, numbers).y;
}

/// Every case and dtype against the definition in double, set and added, twice the same bits; what
/// is set has the bits of the CPU, in packs and element by element.
inline void check_dropout_cases(Device device, DType dtype) {
  for (const auto& c : kDropoutCases) {
    if (c.bench) continue;
    CAPTURE(to_string(dtype));
    CAPTURE(c.rows);
    CAPTURE(c.first_element);
    const Shape shape{c.rows, c.width};
    const auto x = OwnedTensor::random(shape, dtype, 1), dy = OwnedTensor::random(shape, dtype, 2),
               start = OwnedTensor::random(shape, dtype, 3);
    const MaskNumbers numbers{.first_element = c.first_element};
    for (const OwnedTensor* s : {static_cast<const OwnedTensor*>(nullptr), &start}) {
      const OwnedTensor start64 = start.cast(DType::f64);
      const DropoutRun exact = run_dropout(Device::cpu, x.cast(DType::f64), dy.cast(DType::f64),
                                           numbers, s ? &start64 : nullptr);
      const DropoutRun fast = run_dropout(device, x, dy, numbers, s);
      CHECK(relative_error(fast.y, exact.y) < rounding_bound(dtype, 1, 1));
      CHECK(relative_error(fast.dx, exact.dx) < rounding_bound(dtype, 1, 1));
      const DropoutRun again = run_dropout(device, x, dy, numbers, s);
      CHECK(again.y.bits_equal(fast.y));
      CHECK(again.dx.bits_equal(fast.dx));
      for (const Shifts& shifts : {Shifts{1, 0}, Shifts{0, 1}}) {
        const DropoutRun shifted = run_dropout(device, x, dy, numbers, s, shifts);
        CHECK(shifted.y.bits_equal(fast.y));
        CHECK(shifted.dx.bits_equal(fast.dx));
      }
      const DropoutRun on_cpu = run_dropout(Device::cpu, x, dy, numbers, s);
      CHECK(fast.y.bits_equal(on_cpu.y));
      if (!s) CHECK(fast.dx.bits_equal(on_cpu.dx));
    }
  }
}

/// The mask is the stream's that the contract names, from wherever a part begins.
inline void check_dropout_stream(Device device) {
  const MaskNumbers numbers;
  constexpr int64_t kElements = 1000;
  const uint32_t threshold = static_cast<uint32_t>(numbers.rate * 4294967296.0);
  RandomStream stream(numbers.seed, Purpose::dropout, static_cast<uint32_t>(numbers.step),
                      numbers.layer);
  OwnedTensor expected({kElements}, DType::f32);
  expected.fill([&](int64_t) { return stream.next() >= threshold ? 1 / 0.7 : 0; });
  CHECK(drop_ones(device, kElements, numbers).bits_equal(expected));
  for (const int64_t first : {1, 2, 7, 64, 998}) {
    CAPTURE(first);
    MaskNumbers part = numbers;
    part.first_element = first;
    const OwnedTensor y = drop_ones(device, kElements - first, part);
    for (int64_t i = 0; i < y.elements(); ++i) CHECK(y.at(i) == expected.at(first + i));
  }
}

/// A mask is another with another seed, step or layer: two agree as often as chance would have it.
inline void check_dropout_keys(Device device) {
  constexpr int64_t kElements = 20000;
  const MaskNumbers numbers;
  const OwnedTensor mask = drop_ones(device, kElements, numbers);
  int64_t kept = 0;
  for (int64_t i = 0; i < kElements; ++i) kept += mask.at(i) != 0;
  CHECK(std::abs(static_cast<double>(kept) / kElements - 0.7) < 0.015);  // 4.6 deviations
  MaskNumbers step = numbers, layer = numbers, seed = numbers, high_seed = numbers;
  step.step = -6;
  layer.layer = 78;
  seed.seed ^= 1;
  high_seed.seed ^= uint64_t{1} << 40;
  for (const MaskNumbers& other : {step, layer, seed, high_seed}) {
    const OwnedTensor its = drop_ones(device, kElements, other);
    int64_t alike = 0;
    for (int64_t i = 0; i < kElements; ++i) alike += (its.at(i) != 0) == (mask.at(i) != 0);
    CHECK(std::abs(static_cast<double>(alike) / kElements - 0.58) < 0.015);  // 0.7² + 0.3²
  }
}

/// At rate 0 nothing changes, at a rate next to 1 hardly anything is left, and a NaN is not hidden.
inline void check_dropout_extremes(Device device, DType dtype) {
  const auto x = OwnedTensor::random({33, 7}, dtype, 1);
  MaskNumbers numbers{.rate = 0};
  CHECK(run_dropout(device, x, x, numbers).y.bits_equal(x));
  numbers.rate = std::nextafter(1.0, 0.0);
  const DropoutRun r = run_dropout(device, x, x, numbers);
  for (int64_t i = 0; i < x.elements(); ++i) CHECK(r.y.at(i) == 0.0);
  OwnedTensor broken = x;
  broken.fill([](int64_t) { return std::numeric_limits<double>::quiet_NaN(); });
  const DropoutRun shown = run_dropout(device, broken, broken, numbers);
  for (int64_t i = 0; i < x.elements(); ++i) {
    CHECK(std::isnan(shown.y.at(i)));
    CHECK(std::isnan(shown.dx.at(i)));
  }
}

}  // namespace lanet::test
