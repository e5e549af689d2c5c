// Convolution on CUDA, by cuDNN and as it is defined, against the definition in double, from the
// CPU tests' cases.
#include "tests/kernels/conv2d_run.h"

namespace lanet::test {

TEST_CASE("cuda: conv2d follows the double definition, set and added, twice the same") {
  if (skip_without_device()) return;
  for (const DType dtype : {DType::f32, DType::bf16}) {
    for (const auto& c : kConv2dCases) {
      if (c.name) continue;
      const Conv2dShape& s = c.shape;
      const int64_t window = s.kernel * s.kernel;
      const int64_t pixels = s.batch * s.out_height() * s.out_width();
      for (const bool add : {false, true}) {
        CAPTURE(dtype);
        CAPTURE(s.x());
        CAPTURE(s.weight());
        CAPTURE(add);
        const Conv2dTensors in(s, dtype, Device::cuda, add);
        const Conv2dTensors fast = run(Device::cuda, in), exact = run(Device::cpu, in.exact());
        CHECK(relative_error(fast.y, exact.y) < rounding_bound(dtype, window * s.in_channels, 1));
        CHECK(relative_error(fast.dx, exact.dx) <
              rounding_bound(dtype, window * s.out_channels, 2));
        CHECK(relative_error(fast.dweight, exact.dweight) < rounding_bound(dtype, pixels, 2));
        check_bits_equal(run(Device::cuda, in), fast);
      }
    }
  }
}

TEST_CASE("cuda: conv2d as it is defined, with sums in double, set and added, twice the same") {
  if (skip_without_device()) return;
  for (const DType dtype : {DType::f32, DType::f64}) {
    for (const auto& c : kConv2dCases) {
      if (c.name) continue;
      for (const bool add : {false, true}) {
        CAPTURE(dtype);
        CAPTURE(c.shape.x());
        CAPTURE(c.shape.weight());
        CAPTURE(add);
        const Conv2dTensors in(c.shape, dtype, Device::cuda, add),
            fast = run(Device::cuda, in, /*exact_products=*/true),
            exact = run(Device::cpu, in.exact());
        // f32: rounded once. f64: the reference's sums in another order.
        const double bound = rounding_bound(dtype, dtype == DType::f64 ? 1000 : 1, 1);
        CHECK(relative_error(fast.y, exact.y) < bound);
        CHECK(relative_error(fast.dx, exact.dx) < bound);
        CHECK(relative_error(fast.dweight, exact.dweight) < bound);
        check_bits_equal(run(Device::cuda, in, /*exact_products=*/true), fast);
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
  const Conv2dTensors t = upload_all(context, Conv2dTensors(shape, DType::f32, Device::cuda));
  CHECK_THROWS_WITH_AS(conv2d_backward_data(context, plan, t.backward_data()),
                       doctest::Contains("without the data gradient"), Error);
}

}  // namespace lanet::test
