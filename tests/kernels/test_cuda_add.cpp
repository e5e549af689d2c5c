// The CUDA kernels of add against the definition in double, from the CPU tests' cases.
#include "kernels/add.h"
#include "kernels/add_cases.h"
#include "kernels/add_ref.h"
#include "tests/device_test.h"

namespace lanet::test {
namespace {

constexpr DType kDTypes[] = {DType::f32, DType::bf16, DType::f64};

/// Numbers whose sums do not fit their dtype.
OwnedTensor some_values(const Shape& shape, DType dtype, double step) {
  OwnedTensor tensor(shape, dtype);
  tensor.fill([&](int64_t i) { return std::sin(step * static_cast<double>(i + 1)); });
  return tensor;
}

}  // namespace

TEST_CASE("cuda: add follows the double definition, wherever the tensors start, in place as well") {
  if (skip_without_device()) return;
  for (const DType dtype : kDTypes) {
    for (const auto& c : kAddCases) {
      if (c.bench) continue;
      const Shape shape{c.elements};
      const auto a = some_values(shape, dtype, 1), b = some_values(shape, dtype, 0.3);
      OwnedTensor exact(shape, DType::f64);
      add_ref<double>({.a = a.cast(DType::f64), .b = b.cast(DType::f64), .y = exact});
      for (const int64_t shift : {0, 1}) {
        CAPTURE(to_string(dtype));
        CAPTURE(c.elements);
        CAPTURE(shift);
        Context context(Device::cuda);
        const OwnedTensor device_a(context, a, shift), device_b(context, b),
            y(context, OwnedTensor(shape, dtype));
        add(context, {.a = device_a, .b = device_b, .y = y});
        // One addition, rounded once.
        CHECK(y.download().bits_equal(exact.cast(dtype)));
        add(context, {.a = device_a, .b = device_b, .y = device_a});
        CHECK(device_a.download().bits_equal(y.download()));
      }
    }
  }
}

TEST_CASE("cuda: the gradients of add are set, added, or not wanted") {
  if (skip_without_device()) return;
  for (const DType dtype : kDTypes) {
    for (const auto& c : kAddCases) {
      if (c.bench) continue;
      const Shape shape{c.elements};
      const auto dy = some_values(shape, dtype, 1), start = some_values(shape, dtype, 0.3);
      OwnedTensor sum(shape, DType::f64);
      add_ref<double>({.a = dy.cast(DType::f64), .b = start.cast(DType::f64), .y = sum});
      for (const int64_t shift : {0, 1}) {
        CAPTURE(to_string(dtype));
        CAPTURE(c.elements);
        CAPTURE(shift);
        Context context(Device::cuda);
        const OwnedTensor device_dy(context, dy, shift), set(context, OwnedTensor(shape, dtype)),
            added(context, start);
        add_backward(context, {.dy = device_dy, .da = {set}, .db = {added, true}});
        CHECK(set.download().bits_equal(dy));
        CHECK(added.download().bits_equal(sum.cast(dtype)));
        add_backward(context, {.dy = device_dy, .db = {added}});
        CHECK(added.download().bits_equal(dy));
        const OwnedTensor other(context, start);
        const OwnedTensor fresh(context, OwnedTensor(shape, dtype));
        add_backward(context, {.dy = device_dy, .da = {other, true}, .db = {fresh}});
        CHECK(other.download().bits_equal(sum.cast(dtype)));
        CHECK(fresh.download().bits_equal(dy));
        add_backward(context, {.dy = device_dy, .da = {fresh, true}, .db = {fresh, true}});
        CHECK(fresh.download().at(0) == doctest::Approx(3 * dy.at(0)).epsilon(0x1p-7));
      }
    }
  }
}

}  // namespace lanet::test
