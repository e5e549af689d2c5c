#include <omp.h>

#include "kernels/conv2d/conv2d_pixels.h"
#include "kernels/conv2d/conv2d_winograd.h"
#include "kernels/cpu_features.h"
#include "tests/kernels/conv2d_run.h"

namespace lanet::test {

TEST_CASE("conv2d: gradients agree with central differences, and 1.01 of them do not") {
  for (const auto& c : kConv2dCases) {
    if (c.shape.macs() > 3000) continue;
    CAPTURE(c.shape.x());
    CAPTURE(c.shape.weight());
    Conv2dTensors in(c.shape, DType::f64, Device::cpu);
    const Conv2dTensors r = run(Device::cpu, in);
    const auto loss = [&] { return dot(run(Device::cpu, in).y, in.dy); };
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
      const int64_t window = c.shape.kernel * c.shape.kernel;
      const int64_t pixels = c.shape.batch * c.shape.out_height() * c.shape.out_width();
      for (const bool add : {false, true}) {
        CAPTURE(add);
        const Conv2dTensors in(c.shape, dtype, Device::cpu, add),
            fast = run(Device::cpu, in), exact = run(Device::cpu, in.exact());
        CHECK(relative_error(fast.y, exact.y) <
              rounding_bound(dtype, window * c.shape.in_channels, 1));
        // With add in bf16 two roundings follow each other.
        CHECK(relative_error(fast.dx, exact.dx) <
              rounding_bound(dtype, window * c.shape.out_channels, 2));
        // Gradients of weights are f32 in both dtypes, and products of bf16 are exact in it.
        CHECK(relative_error(fast.dweight, exact.dweight) < rounding_bound(DType::f32, pixels, 2));
        check_bits_equal(run(Device::cpu, in), fast);
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
    for (const bool add : {false, true}) {
      CAPTURE(add);
      const Conv2dTensors in(shape, DType::f32, Device::cpu, add),
          exact = run(Device::cpu, in.exact()),
          fast = run(Device::cpu, in, /*exact_products=*/false, /*threads=*/1);
      CHECK(relative_error(fast.y, exact.y) < rounding_bound(DType::f32, 9 * shape.in_channels, 1));
      CHECK(relative_error(fast.dx, exact.dx) <
            rounding_bound(DType::f32, 9 * shape.out_channels, 1));
      CHECK(relative_error(fast.dweight, exact.dweight) <
            rounding_bound(DType::f32, shape.batch * shape.height * shape.width, 1));
      check_bits_equal(run(Device::cpu, in, /*exact_products=*/false, /*threads=*/3), fast);
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
  const auto run_on = [&](const Conv2dPasses& passes) {
    Context context;
    context.reserve_workspace(passes.workspace_bytes(shape, context.threads()));
    Conv2dTensors t(shape, DType::f32, Device::cpu, /*adds=*/true);
    passes.forward(context, shape, t.forward());
    passes.backward_data(context, shape, t.backward_data());
    passes.backward_weight(context, shape, t.backward_weight());
    return t;
  };
  check_bits_equal(run_on(kWinogradAvx2), run_on(kWinogradAvx512));
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
  Conv2dTensors in(first, DType::f32, Device::cpu);
  const Conv2dTensors other(second, DType::f32, Device::cpu), alone = run(Device::cpu, in);
  Context context;
  Conv2dPlan plan(context, first, true, true), moved_from(context, second, false, false);
  Conv2dPlan other_plan = std::move(moved_from);
  context.reserve_workspace(std::max(plan.workspace_bytes(), other_plan.workspace_bytes()));
  for (int call = 0; call < 2; ++call) {
    conv2d(context, other_plan, other.forward());
    in.y.fill([](int64_t) { return NAN; });
    conv2d(context, plan, in.forward());
    CHECK(in.y.bits_equal(alone.y));
  }
}

TEST_CASE("conv2d: what the plan was not made for is refused") {
  Context context;
  CHECK_THROWS_AS(Conv2dPlan(context, {1, 2, 2, 3, 4, 7, 2, 1}, false, false), Error);
  const Conv2dShape shape{1, 4, 4, 3, 5, 3, 1, 1};
  Conv2dPlan plan(context, shape, false, false);
  context.reserve_workspace(plan.workspace_bytes());
  Conv2dTensors in(shape, DType::f32, Device::cpu);
  in.y = OwnedTensor({1, 4, 4, 4}, DType::f32);
  CHECK_THROWS_WITH_AS(conv2d(context, plan, in.forward()),
                       doctest::Contains("y is f32 [1, 4, 4, 4]; expected f32 [1, 4, 4, 5]"),
                       Error);
  CHECK_THROWS_WITH_AS(conv2d_backward_data(context, plan, in.backward_data()),
                       doctest::Contains("without the data gradient"), Error);
  CHECK_THROWS_WITH_AS(conv2d_backward_weight(context, plan, in.backward_weight()),
                       doctest::Contains("without the weight gradient"), Error);
}

TEST_CASE("conv2d: exact products of float32 are those of double, rounded once") {
  const Conv2dTensors in({2, 9, 9, 16, 32, 3, 1, 1}, DType::f32, Device::cpu);
  check_bits_equal(run(Device::cpu, in, /*exact_products=*/true),
                   cast_all(run(Device::cpu, in.exact()), DType::f32));
}

}  // namespace lanet::test
