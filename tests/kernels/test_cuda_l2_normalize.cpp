// The CUDA kernels of l2_normalize against the definition in double, from the CPU tests' cases.
#include "kernels/l2_normalize.h"
#include "kernels/l2_normalize_cases.h"
#include "kernels/l2_normalize_ref.h"
#include "tests/device_test.h"

namespace lanet::test {
namespace {

struct NormalizeRun {
  OwnedTensor y, norm, dx;
};

NormalizeRun normalize_on_device(const OwnedTensor& x, const OwnedTensor& dy,
                                 const OwnedTensor* start) {
  Context context(Device::cuda);
  const Shape shape = x.shape();
  const DType dtype = x.dtype();
  const OwnedTensor device_x(context, x), device_dy(context, dy),
      y(context, OwnedTensor(shape, dtype)),
      norm(context, OwnedTensor({shape[0]}, accumulate_dtype(dtype))),
      dx(context, start ? *start : OwnedTensor(shape, dtype));
  l2_normalize(context, {.x = device_x, .y = y, .norm = norm});
  l2_normalize_backward(context,
                        {.y = y, .norm = norm, .dy = device_dy, .dx = {dx, start != nullptr}});
  return {y.download(), norm.download(), dx.download()};
}

NormalizeRun normalize_exactly(const OwnedTensor& x, const OwnedTensor& dy,
                               const OwnedTensor* start) {
  const Shape shape = x.shape();
  const OwnedTensor x64 = x.cast(DType::f64), dy64 = dy.cast(DType::f64);
  NormalizeRun run{OwnedTensor(shape, DType::f64), OwnedTensor({shape[0]}, DType::f64),
                   start ? start->cast(DType::f64) : OwnedTensor(shape, DType::f64)};
  l2_normalize_ref<double>({.x = x64, .y = run.y, .norm = run.norm});
  l2_normalize_backward_ref<double>(
      {.y = run.y, .norm = run.norm, .dy = dy64, .dx = {run.dx, start != nullptr}});
  return run;
}

}  // namespace

TEST_CASE("cuda: l2_normalize follows the double definition, set and added, twice the same") {
  if (skip_without_device()) return;
  for (const DType dtype : {DType::f32, DType::bf16, DType::f64}) {
    for (const auto& c : kL2NormalizeCases) {
      if (c.bench) continue;
      CAPTURE(to_string(dtype));
      CAPTURE(c.rows);
      CAPTURE(c.width);
      const auto x = OwnedTensor::random({c.rows, c.width}, dtype, 1);
      const auto dy = OwnedTensor::random({c.rows, c.width}, dtype, 2);
      const auto start = OwnedTensor::random({c.rows, c.width}, dtype, 3);
      const double bound = rounding_bound(dtype, c.width, 2);
      for (const OwnedTensor* s : {static_cast<const OwnedTensor*>(nullptr), &start}) {
        const NormalizeRun fast = normalize_on_device(x, dy, s),
                           exact = normalize_exactly(x, dy, s);
        CHECK(relative_error(fast.y, exact.y) < bound);
        CHECK(relative_error(fast.norm, exact.norm) <
              rounding_bound(accumulate_dtype(dtype), c.width, 2));
        if (c.width > 1) CHECK(relative_error(fast.dx, exact.dx) < 2 * bound);
        const NormalizeRun again = normalize_on_device(x, dy, s);
        CHECK(again.y.bits_equal(fast.y));
        CHECK(again.dx.bits_equal(fast.dx));
      }
    }
  }
}

TEST_CASE("cuda: l2_normalize: a row below the floor is divided by it, and its norm is constant") {
  if (skip_without_device()) return;
  for (const DType dtype : {DType::f32, DType::bf16, DType::f64}) {
    OwnedTensor x({3, 2}, dtype), dy({3, 2}, dtype);
    const double values[] = {0, 0, 3e-13, 4e-13, 3, 4};
    x.fill([&](int64_t i) { return values[i]; });
    dy.fill([](int64_t i) { return 1e-12 * static_cast<double>(i + 1); });
    const NormalizeRun fast = normalize_on_device(x, dy, nullptr),
                       exact = normalize_exactly(x, dy, nullptr);
    CAPTURE(to_string(dtype));
    for (int64_t row = 0; row < 3; ++row)
      CHECK(fast.norm.at(row) == doctest::Approx(exact.norm.at(row)).epsilon(1e-6));
    CHECK(relative_error(fast.y, exact.y) < rounding_bound(dtype, 2));
    CHECK(relative_error(fast.dx, exact.dx) < rounding_bound(dtype, 2));
  }
}

TEST_CASE("cuda: l2_normalize: what is not a number shows in its row alone") {
  if (skip_without_device()) return;
  OwnedTensor x({2, 3}, DType::f32), dy({2, 3}, DType::f32);
  x.fill([](int64_t i) { return i == 1 ? NAN : 1.0; });
  dy.fill([](int64_t) { return 1.0; });
  const NormalizeRun r = normalize_on_device(x, dy, nullptr);
  CHECK(std::isnan(r.norm.at(0)));
  CHECK(std::isnan(r.y.at(0)));
  CHECK(std::isfinite(r.norm.at(1)));
  CHECK(std::isfinite(r.dx.at(3)));
}

}  // namespace lanet::test
