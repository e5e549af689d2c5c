// What the tests of dropout on every device compute with.
#pragma once

#include "kernels/dropout_cases.h"
#include "tests/device_test.h"

namespace lanet::test {

/// Which tensors stand an element off a multiple of 64 bytes.
enum class Shifted { none, read, written };

inline DropoutTensors run_dropout(Device device, const DropoutTensors& in,
                                  Shifted shifted = Shifted::none) {
  Context context(device);
  DropoutTensors t = in;
  upload_shifted(context, t,
                 shifted == Shifted::read ? std::vector{&t.x, &t.dy} : std::vector{&t.y, &t.dx},
                 shifted == Shifted::none ? 0 : 1);
  dropout(context, t.forward());
  dropout_backward(context, t.backward());
  t = download_all(std::move(t));
  CHECK(t.x.bits_equal(in.x));
  CHECK(t.dy.bits_equal(in.dy));
  CHECK(t.step.bits_equal(in.step));
  return t;
}

/// `n` ones of a batch, from element `first` on.
inline DropoutTensors some_ones(int64_t n, int64_t first = 0) {
  DropoutTensors t({1, n, first}, DType::f32);
  for (OwnedTensor* tensor : {&t.x, &t.dy}) tensor->fill([](int64_t) { return 1; });
  return t;
}

/// Every case and dtype against the definition in double, set and added, twice the same bits; what
/// is set has the bits of the CPU, in packs and element by element.
inline void check_dropout_cases(Device device, DType dtype) {
  for (const auto& c : kDropoutCases) {
    if (c.bench) continue;
    CAPTURE(to_string(dtype));
    CAPTURE(c.rows);
    CAPTURE(c.first_element);
    for (const bool add : {false, true}) {
      CAPTURE(add);
      const DropoutTensors in(c, dtype, add),
          fast = run_dropout(device, in),
          exact = run_dropout(Device::cpu, cast_all(in, DType::f64));
      CHECK(relative_error(fast.y, exact.y) < rounding_bound(dtype, 1, 1));
      CHECK(relative_error(fast.dx, exact.dx) < rounding_bound(dtype, 1, 1));
      for (const Shifted shifted : {Shifted::none, Shifted::read, Shifted::written}) {
        const DropoutTensors again = run_dropout(device, in, shifted);
        CHECK(again.y.bits_equal(fast.y));
        CHECK(again.dx.bits_equal(fast.dx));
      }
      const DropoutTensors on_cpu = run_dropout(Device::cpu, in);
      CHECK(fast.y.bits_equal(on_cpu.y));
      if (!add) CHECK(fast.dx.bits_equal(on_cpu.dx));
    }
  }
}

/// The mask is the stream's that the contract names, from wherever a part begins.
inline void check_dropout_stream(Device device) {
  constexpr int64_t kElements = 1000;
  const DropoutTensors ones = some_ones(kElements);
  const uint32_t threshold = static_cast<uint32_t>(ones.numbers.rate * 4294967296.0);
  RandomStream stream(ones.numbers.seed, Purpose::dropout, 5, ones.numbers.layer);
  const OwnedTensor expected(ones.y.shape(), DType::f32,
                             [&](int64_t) { return stream.next() >= threshold ? 1 / 0.7 : 0; });
  CHECK(run_dropout(device, ones).y.bits_equal(expected));
  for (const int64_t first : {1, 2, 7, 64, 998}) {
    CAPTURE(first);
    const OwnedTensor y = run_dropout(device, some_ones(kElements - first, first)).y;
    for (int64_t i = 0; i < y.elements(); ++i) CHECK(y.at(i) == expected.at(first + i));
  }
}

/// A mask is another with another seed, step or layer: two agree as often as chance would have it.
inline void check_dropout_keys(Device device) {
  constexpr int64_t kElements = 20000;
  const DropoutTensors ones = some_ones(kElements);
  const OwnedTensor mask = run_dropout(device, ones).y;
  int64_t kept = 0;
  for (int64_t i = 0; i < kElements; ++i) kept += mask.at(i) != 0;
  CHECK(std::abs(static_cast<double>(kept) / kElements - 0.7) < 0.015);  // 4.6 deviations
  DropoutTensors step = ones, layer = ones, seed = ones, high_seed = ones;
  step.step.set(0, -6);
  layer.numbers.layer = 78;
  seed.numbers.seed ^= 1;
  high_seed.numbers.seed ^= uint64_t{1} << 40;
  for (const DropoutTensors* other : {&step, &layer, &seed, &high_seed}) {
    const OwnedTensor its = run_dropout(device, *other).y;
    int64_t alike = 0;
    for (int64_t i = 0; i < kElements; ++i) alike += (its.at(i) != 0) == (mask.at(i) != 0);
    CHECK(std::abs(static_cast<double>(alike) / kElements - 0.58) < 0.015);  // 0.7² + 0.3²
  }
}

/// At rate 0 nothing changes, at a rate next to 1 hardly anything is left, and a NaN is not hidden.
inline void check_dropout_extremes(Device device, DType dtype) {
  DropoutTensors in({33, 7, 0}, dtype);
  in.numbers.rate = 0;
  CHECK(run_dropout(device, in).y.bits_equal(in.x));
  in.numbers.rate = std::nextafter(1.0, 0.0);
  const DropoutTensors r = run_dropout(device, in);
  for (int64_t i = 0; i < r.y.elements(); ++i) CHECK(r.y.at(i) == 0.0);
  for (OwnedTensor* tensor : {&in.x, &in.dy})
    tensor->fill([](int64_t) { return std::numeric_limits<double>::quiet_NaN(); });
  const DropoutTensors shown = run_dropout(device, in);
  for (int64_t i = 0; i < shown.y.elements(); ++i) {
    CHECK(std::isnan(shown.y.at(i)));
    CHECK(std::isnan(shown.dx.at(i)));
  }
}

}  // namespace lanet::test
