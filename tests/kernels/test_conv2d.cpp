#include "kernels/conv2d/conv2d.h"

#include <omp.h>

#include "kernels/conv2d/conv2d_cases.h"
#include "kernels/conv2d/conv2d_pixels.h"
#include "kernels/conv2d/conv2d_ref.h"
#include "kernels/conv2d/conv2d_winograd.h"
#include "kernels/cpu_features.h"
#include "tests/op_test.h"

namespace lanet::test {
namespace {

struct Inputs {
  OwnedTensor x, weight, dy, dx_start, dweight_start;

  Inputs cast(DType dtype) const {
    return {x.cast(dtype), weight.cast(dtype), dy.cast(dtype), dx_start.cast(dtype),
            dweight_start.cast(accumulate_dtype(dtype))};
  }
};
Inputs inputs(const Conv2dShape& s, DType dtype) {
  return {OwnedTensor::random(s.x(), dtype, 1), OwnedTensor::random(s.weight(), dtype, 2),
          OwnedTensor::random(s.y(), dtype, 3), OwnedTensor::random(s.x(), dtype, 4),
          OwnedTensor::random(s.weight(), accumulate_dtype(dtype), 5)};
}

Conv2dShape with_dtype(Conv2dShape shape, DType dtype) {
  shape.dtype = dtype;
  return shape;
}

struct Run {
  OwnedTensor y, dx, dweight;
};
/// All three passes in the dtype of the inputs; with add, gradients start from those given.
Run run(const Conv2dShape& shape, const Inputs& in, bool add = false, bool exact_products = false,
        int threads = 0) {
  const DType dtype = in.x.dtype();
  Context context(Device::cpu, threads);
  context.set_exact_products(exact_products);
  Conv2dPlan plan(context, with_dtype(shape, dtype), true, true);
  context.reserve_workspace(plan.workspace_bytes());
  context.freeze();
  Run r{OwnedTensor(shape.y(), dtype), add ? in.dx_start : OwnedTensor(shape.x(), dtype),
        add ? in.dweight_start : OwnedTensor(shape.weight(), accumulate_dtype(dtype))};
  conv2d(context, plan, {.x = in.x, .weight = in.weight, .y = r.y});
  conv2d_backward_data(context, plan, {.dy = in.dy, .weight = in.weight, .dx = {r.dx, add}});
  conv2d_backward_weight(context, plan, {.x = in.x, .dy = in.dy, .dweight = {r.dweight, add}});
  CHECK(r.y.guards_intact());
  CHECK(r.dx.guards_intact());
  CHECK(r.dweight.guards_intact());
  return r;
}

}  // namespace

TEST_CASE("conv2d: gradients agree with central differences, and 1.01 of them do not") {
  for (const auto& c : kConv2dCases) {
    if (c.shape.macs() > 3000) continue;
    CAPTURE(c.shape.x());
    CAPTURE(c.shape.weight());
    Inputs in = inputs(c.shape, DType::f64);
    const Run r = run(c.shape, in);
    const auto loss = [&] { return dot(run(c.shape, in).y, in.dy); };
    CHECK(gradient_error(in.x, r.dx, loss) < 1e-8);
    CHECK(gradient_error(in.weight, r.dweight, loss) < 1e-8);
    CHECK(gradient_error(in.x, r.dx.scaled(1.01), loss) > 5e-3);
    CHECK(gradient_error(in.weight, r.dweight.scaled(1.01), loss) > 5e-3);
  }
}

TEST_CASE("conv2d: f32 and bf16 follow the double definition, set and added, twice the same") {
  for (const DType dtype : {DType::f32, DType::bf16}) {
    for (const auto& c : kConv2dCases) {
      if (c.name) continue;
      CAPTURE(dtype);
      CAPTURE(c.shape.x());
      CAPTURE(c.shape.weight());
      const Inputs in = inputs(c.shape, dtype), exact_in = in.cast(DType::f64);
      const int64_t window = c.shape.kernel * c.shape.kernel;
      const int64_t pixels = c.shape.batch * c.shape.out_height() * c.shape.out_width();
      for (const bool add : {false, true}) {
        CAPTURE(add);
        const Run fast = run(c.shape, in, add), exact = run(c.shape, exact_in, add);
        CHECK(relative_error(fast.y, exact.y) <
              rounding_bound(dtype, window * c.shape.in_channels, 1));
        // With add in bf16 two roundings follow each other.
        CHECK(relative_error(fast.dx, exact.dx) <
              rounding_bound(dtype, window * c.shape.out_channels, 2));
        // Gradients of weights are f32 in both dtypes, and products of bf16 are exact in it.
        CHECK(relative_error(fast.dweight, exact.dweight) < rounding_bound(DType::f32, pixels, 2));
        const Run again = run(c.shape, in, add);
        CHECK(again.y.bits_equal(fast.y));
        CHECK(again.dx.bits_equal(fast.dx));
        CHECK(again.dweight.bits_equal(fast.dweight));
      }
    }
  }
}

TEST_CASE("conv2d: Winograd's algorithm keeps the bounds, with the same bits on any threads") {
  const Conv2dShape shapes[] = {
      {65, 6, 6, 64, 64, 3, 1, 1},    // more tiles than are summed at a time, cut at the border
      {3, 15, 13, 64, 192, 3, 1, 1},  // the last block of tiles in part
      {8, 3, 4, 128, 64, 3, 1, 1},    // one tile an image
  };
  const int threads = omp_get_max_threads();
  for (const Conv2dShape& shape : shapes) {
    CAPTURE(shape.x());
    const Inputs in = inputs(shape, DType::f32);
    for (const bool add : {false, true}) {
      CAPTURE(add);
      const Run exact = run(shape, in.cast(DType::f64), add);
      const Run fast = run(shape, in, add, /*exact_products=*/false, /*threads=*/1);
      CHECK(relative_error(fast.y, exact.y) < rounding_bound(DType::f32, 9 * shape.in_channels, 1));
      CHECK(relative_error(fast.dx, exact.dx) <
            rounding_bound(DType::f32, 9 * shape.out_channels, 1));
      CHECK(relative_error(fast.dweight, exact.dweight) <
            rounding_bound(DType::f32, shape.batch * shape.height * shape.width, 1));
      const Run again = run(shape, in, add, /*exact_products=*/false, /*threads=*/3);
      CHECK(again.y.bits_equal(fast.y));
      CHECK(again.dx.bits_equal(fast.dx));
      CHECK(again.dweight.bits_equal(fast.dweight));
    }
  }
  omp_set_num_threads(threads);
}

TEST_CASE("conv2d: Winograd's algorithm has the same bits on vectors of either width") {
  if (!cpu_has_avx512()) {
    MESSAGE("not compared: this processor has vectors of 8 floats alone, which are tested above");
    return;
  }
  const Conv2dShape shape = {3, 15, 13, 64, 192, 3, 1, 1};
  const Inputs in = inputs(shape, DType::f32);
  const auto run_on = [&](const Conv2dPasses& passes) {
    Context context;
    context.reserve_workspace(passes.workspace_bytes(shape, context.threads()));
    Run r{OwnedTensor(shape.y(), DType::f32), in.dx_start, in.dweight_start};
    passes.forward(context, shape, {.x = in.x, .weight = in.weight, .y = r.y});
    passes.backward_data(context, shape,
                         {.dy = in.dy, .weight = in.weight, .dx = {r.dx, /*add=*/true}});
    passes.backward_weight(context, shape,
                           {.x = in.x, .dy = in.dy, .dweight = {r.dweight, /*add=*/true}});
    return r;
  };
  const Run narrow = run_on(kWinogradAvx2), wide = run_on(kWinogradAvx512);
  CHECK(narrow.y.bits_equal(wide.y));
  CHECK(narrow.dx.bits_equal(wide.dx));
  CHECK(narrow.dweight.bits_equal(wide.dweight));
}

TEST_CASE("conv2d: images of a few pixels are served by products of pixels") {
  Context context;
  if (!onednn_info().built_in) return;  // the definition runs
  for (const Conv2dShape& shape :
       {Conv2dShape{2, 2, 2, 64, 64, 3, 1, 1}, {2, 4, 4, 64, 64, 3, 2, 1}})
    CHECK(Conv2dPlan(context, shape, true, true).description() == "products of pixels");
  // All of the window lies inside; too many pixels; too few channels.
  for (const Conv2dShape& shape : {Conv2dShape{2, 2, 2, 64, 64, 1, 1, 0},
                                   {2, 3, 3, 64, 64, 3, 1, 1},
                                   {2, 2, 2, 32, 64, 3, 1, 1}})
    CHECK_FALSE(pixels_serve(shape));
}

TEST_CASE("conv2d: a plan serves many calls, and other plans may use the workspace between them") {
  const Conv2dShape first{1, 6, 6, 8, 16, 3, 1, 1}, second{1, 8, 8, 3, 32, 7, 2, 3};
  const Inputs in = inputs(first, DType::f32), other = inputs(second, DType::f32);
  Context context;
  Conv2dPlan plan(context, first, true, true), moved_from(context, second, false, false);
  Conv2dPlan other_plan = std::move(moved_from);
  context.reserve_workspace(std::max(plan.workspace_bytes(), other_plan.workspace_bytes()));
  const Run alone = run(first, in);
  OwnedTensor y(first.y(), DType::f32), other_y(second.y(), DType::f32);
  for (int call = 0; call < 2; ++call) {
    conv2d(context, other_plan, {.x = other.x, .weight = other.weight, .y = other_y});
    y.fill([](int64_t) { return NAN; });
    conv2d(context, plan, {.x = in.x, .weight = in.weight, .y = y});
    CHECK(y.bits_equal(alone.y));
  }
}

TEST_CASE("conv2d: what the plan was not made for is refused") {
  Context context;
  CHECK_THROWS_AS(Conv2dPlan(context, {1, 2, 2, 3, 4, 7, 2, 1}, false, false), Error);
  const Conv2dShape shape{1, 4, 4, 3, 5, 3, 1, 1};
  Conv2dPlan plan(context, shape, false, false);
  context.reserve_workspace(plan.workspace_bytes());
  const Inputs in = inputs(shape, DType::f32);
  OwnedTensor y({1, 4, 4, 4}, DType::f32), dx(shape.x(), DType::f32);
  CHECK_THROWS_WITH_AS(conv2d(context, plan, {.x = in.x, .weight = in.weight, .y = y}),
                       doctest::Contains("y is f32 [1, 4, 4, 4]; expected f32 [1, 4, 4, 5]"),
                       Error);
  CHECK_THROWS_WITH_AS(
      conv2d_backward_data(context, plan, {.dy = in.dy, .weight = in.weight, .dx = {dx}}),
      doctest::Contains("without the data gradient"), Error);
  CHECK_THROWS_WITH_AS(conv2d_backward_weight(
                           context, plan, {.x = in.x, .dy = in.dy, .dweight = {in.dweight_start}}),
                       doctest::Contains("without the weight gradient"), Error);
}

TEST_CASE("conv2d: exact products of float32 are those of double, rounded once") {
  const Conv2dShape shape{2, 9, 9, 16, 32, 3, 1, 1, DType::f32};
  const Inputs in = inputs(shape, DType::f32);
  const Run exact = run(shape, in.cast(DType::f64), /*add=*/false);
  const Run rounded = run(shape, in, /*add=*/false, /*exact_products=*/true);
  CHECK(rounded.y.bits_equal(exact.y.cast(DType::f32)));
  CHECK(rounded.dx.bits_equal(exact.dx.cast(DType::f32)));
  CHECK(rounded.dweight.bits_equal(exact.dweight.cast(DType::f32)));
}

}  // namespace lanet::test
