// The CUDA kernels of upsample_2x against the definition in double, from the CPU tests' cases.
#include "kernels/upsample.h"
#include "kernels/upsample_cases.h"
#include "tests/device_test.h"

namespace lanet::test {
namespace {

constexpr DType kDTypes[] = {DType::f32, DType::bf16, DType::f64};

struct Run {
  OwnedTensor y, dx;
};
/// shift: of every tensor, in elements.
Run run(Device device, const OwnedTensor& x, const OwnedTensor* addend, const OwnedTensor& dy,
        const OwnedTensor* start = nullptr, int64_t shift = 0) {
  const DType dtype = x.dtype();
  const Shape large = dy.shape();
  Context context(device);
  const OwnedTensor its_x(context, x, shift),
      its_addend(context, addend ? *addend : OwnedTensor(large, dtype), shift),
      y(context, OwnedTensor(large, dtype), shift), its_dy(context, dy, shift),
      dx(context, start ? start->cast(dtype) : OwnedTensor(x.shape(), dtype), shift);
  upsample_2x(context, {.x = its_x, .addend = addend ? its_addend.tensor() : Tensor{}, .y = y});
  upsample_2x_backward(context, {.dy = its_dy, .dx = {dx, start != nullptr}});
  return {y.download(), dx.download()};
}

}  // namespace

TEST_CASE("cuda: upsample_2x follows the double definition, set and added, twice the same") {
  if (skip_without_device()) return;
  for (const DType dtype : kDTypes) {
    for (const auto& c : kUpsampleCases) {
      if (c.bench) continue;
      CAPTURE(to_string(dtype));
      CAPTURE(c.height);
      CAPTURE(c.channels);
      const Shape small{c.batch, c.height, c.width, c.channels},
          large{c.batch, 2 * c.height, 2 * c.width, c.channels};
      const auto x = OwnedTensor::random(small, dtype, 1),
                 addend = OwnedTensor::random(large, dtype, 2),
                 dy = OwnedTensor::random(large, dtype, 3),
                 start = OwnedTensor::random(small, dtype, 4);
      const auto x64 = x.cast(DType::f64), addend64 = addend.cast(DType::f64),
                 dy64 = dy.cast(DType::f64);
      const Run fast = run(Device::cuda, x, &addend, dy),
                exact = run(Device::cpu, x64, &addend64, dy64);
      CHECK(relative_error(fast.y, exact.y) < rounding_bound(dtype, 5, 1));
      CHECK(relative_error(fast.dx, exact.dx) < rounding_bound(dtype, 16, 1));
      const Run added = run(Device::cuda, x, nullptr, dy, &start, 1),
                added_exact = run(Device::cpu, x64, nullptr, dy64, &start);
      CHECK(relative_error(added.y, added_exact.y) < rounding_bound(dtype, 4, 1));
      CHECK(relative_error(added.dx, added_exact.dx) < rounding_bound(dtype, 17, 1));
      const Run again = run(Device::cuda, x, &addend, dy);
      CHECK(again.y.bits_equal(fast.y));
      CHECK(again.dx.bits_equal(fast.dx));
    }
  }
}

TEST_CASE("cuda: upsample_2x repeats borders, its weights are quarters, y may be the addend") {
  if (skip_without_device()) return;
  OwnedTensor x({1, 1, 2, 1}, DType::f32), y({1, 2, 4, 1}, DType::f32);
  x.fill([](int64_t i) { return 4.0 * i; });
  y.fill([](int64_t) { return 10.0; });
  Context context(Device::cuda);
  const OwnedTensor its_x(context, x), its_y(context, y);
  upsample_2x(context, {.x = its_x, .addend = its_y, .y = its_y});
  const OwnedTensor sum = its_y.download();
  const double expected[] = {10, 11, 13, 14, 10, 11, 13, 14};
  for (int64_t i = 0; i < 8; ++i) CHECK(sum.at(i) == expected[i]);
}

}  // namespace lanet::test
