// Convolution on CUDA, by cuDNN and as it is defined, against the definition in double, from the
// CPU tests' cases.
#include "kernels/conv2d/conv2d.h"
#include "kernels/conv2d/conv2d_cases.h"
#include "kernels/conv2d/conv2d_ref.h"
#include "tests/device_test.h"

namespace lanet::test {
namespace {

struct Inputs {
  OwnedTensor x, weight, dy, dx_start, dweight_start;

  Inputs(const Conv2dShape& s)
      : x(OwnedTensor::random(s.x(), s.dtype, 1)),
        weight(OwnedTensor::random(s.weight(), s.dtype, 2)),
        dy(OwnedTensor::random(s.y(), s.dtype, 3)),
        dx_start(OwnedTensor::random(s.x(), s.dtype, 4)),
        dweight_start(OwnedTensor::random(s.weight(), s.dtype, 5)) {}
};

struct Run {
  OwnedTensor y, dx, dweight;
};

Run on_device(const Conv2dShape& s, const Inputs& in, bool add, bool exact_products = false) {
  Context context(Device::cuda);
  context.set_exact_products(exact_products);
  Conv2dPlan plan(context, s, true, true);
  context.reserve_workspace(plan.workspace_bytes());
  const OwnedTensor x(context, in.x), weight(context, in.weight), dy(context, in.dy),
      y(context, OwnedTensor(s.y(), s.dtype)),
      dx(context, add ? in.dx_start : OwnedTensor(s.x(), s.dtype)),
      dweight(context, add ? in.dweight_start : OwnedTensor(s.weight(), s.dtype));
  context.freeze();
  conv2d(context, plan, {.x = x, .weight = weight, .y = y});
  conv2d_backward_data(context, plan, {.dy = dy, .weight = weight, .dx = {dx, add}});
  conv2d_backward_weight(context, plan, {.x = x, .dy = dy, .dweight = {dweight, add}});
  return {y.download(), dx.download(), dweight.download()};
}

Run exactly(const Conv2dShape& s, const Inputs& in, bool add) {
  const OwnedTensor x = in.x.cast(DType::f64), weight = in.weight.cast(DType::f64),
                    dy = in.dy.cast(DType::f64);
  Run r{OwnedTensor(s.y(), DType::f64), in.dx_start.cast(DType::f64),
        in.dweight_start.cast(DType::f64)};
  conv2d_ref<double>(s, {.x = x, .weight = weight, .y = r.y});
  conv2d_backward_data_ref<double>(s, {.dy = dy, .weight = weight, .dx = {r.dx, add}});
  conv2d_backward_weight_ref<double>(s, {.x = x, .dy = dy, .dweight = {r.dweight, add}});
  return r;
}

}  // namespace

TEST_CASE("cuda: conv2d follows the double definition, set and added, twice the same") {
  if (skip_without_device()) return;
  for (const DType dtype : {DType::f32, DType::bf16}) {
    for (const auto& c : kConv2dCases) {
      if (c.name) continue;
      Conv2dShape s = c.shape;
      s.dtype = dtype;
      const Inputs in(s);
      const int64_t window = s.kernel * s.kernel;
      const int64_t pixels = s.batch * s.out_height() * s.out_width();
      for (const bool add : {false, true}) {
        CAPTURE(dtype);
        CAPTURE(s.x());
        CAPTURE(s.weight());
        CAPTURE(add);
        const Run fast = on_device(s, in, add), exact = exactly(s, in, add),
                  again = on_device(s, in, add);
        CHECK(relative_error(fast.y, exact.y) < rounding_bound(dtype, window * s.in_channels, 1));
        CHECK(relative_error(fast.dx, exact.dx) <
              rounding_bound(dtype, window * s.out_channels, 2));
        CHECK(relative_error(fast.dweight, exact.dweight) < rounding_bound(dtype, pixels, 2));
        CHECK(again.y.bits_equal(fast.y));
        CHECK(again.dx.bits_equal(fast.dx));
        CHECK(again.dweight.bits_equal(fast.dweight));
      }
    }
  }
}

TEST_CASE("cuda: conv2d as it is defined, with sums in double, set and added, twice the same") {
  if (skip_without_device()) return;
  for (const DType dtype : {DType::f32, DType::f64}) {
    for (const auto& c : kConv2dCases) {
      if (c.name) continue;
      Conv2dShape s = c.shape;
      s.dtype = dtype;
      const Inputs in(s);
      for (const bool add : {false, true}) {
        CAPTURE(dtype);
        CAPTURE(s.x());
        CAPTURE(s.weight());
        CAPTURE(add);
        const Run fast = on_device(s, in, add, /*exact_products=*/true),
                  exact = exactly(s, in, add),
                  again = on_device(s, in, add, /*exact_products=*/true);
        // f32: rounded once. f64: the reference's sums in another order.
        const double bound = rounding_bound(dtype, dtype == DType::f64 ? 1000 : 1, 1);
        CHECK(relative_error(fast.y, exact.y) < bound);
        CHECK(relative_error(fast.dx, exact.dx) < bound);
        CHECK(relative_error(fast.dweight, exact.dweight) < bound);
        CHECK(again.y.bits_equal(fast.y));
        CHECK(again.dx.bits_equal(fast.dx));
        CHECK(again.dweight.bits_equal(fast.dweight));
      }
    }
  }
}

TEST_CASE("cuda: conv2d: what the plan was not made for is refused") {
  if (skip_without_device()) return;
  Context context(Device::cuda);
  const Conv2dShape shape{1, 4, 4, 3, 5, 3, 1, 1};
  Conv2dPlan plan(context, shape, false, false);
  context.reserve_workspace(plan.workspace_bytes());
  const Inputs in(shape);
  const OwnedTensor x(context, in.x), dy(context, in.dy), weight(context, in.weight),
      dx(context, OwnedTensor(shape.x(), DType::f32));
  CHECK_THROWS_WITH_AS(
      conv2d_backward_data(context, plan, {.dy = dy, .weight = weight, .dx = {dx}}),
      doctest::Contains("without the data gradient"), Error);
}

}  // namespace lanet::test
