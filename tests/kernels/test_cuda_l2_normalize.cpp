// The CUDA kernels of l2_normalize against the definition in double, from the CPU tests' cases.
#include "kernels/l2_normalize_cases.h"
#include "kernels/l2_normalize_ref.h"
#include "tests/device_test.h"

namespace lanet::test {
namespace {

using Tensors = L2NormalizeTensors;

Tensors on_device(const Tensors& in) {
  Context context(Device::cuda);
  Tensors t = upload_all(context, in);
  l2_normalize(context, t.forward());
  l2_normalize_backward(context, t.backward());
  return download_all(std::move(t));
}

Tensors exactly(const Tensors& in) {
  Tensors t = cast_all(in, DType::f64);
  l2_normalize_ref<double>(t.forward());
  l2_normalize_backward_ref<double>(t.backward());
  return t;
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
      const double bound = rounding_bound(dtype, c.width, 2);
      for (const bool add : {false, true}) {
        const Tensors in(c, dtype, add);
        const Tensors fast = on_device(in), exact = exactly(in), again = on_device(in);
        CHECK(relative_error(fast.y, exact.y) < bound);
        CHECK(relative_error(fast.norm, exact.norm) <
              rounding_bound(accumulate_dtype(dtype), c.width, 2));
        if (c.width > 1) CHECK(relative_error(fast.dx, exact.dx) < 2 * bound);
        CHECK(again.y.bits_equal(fast.y));
        CHECK(again.dx.bits_equal(fast.dx));
      }
    }
  }
}

TEST_CASE("cuda: l2_normalize: a row below the floor is divided by it, and its norm is constant") {
  if (skip_without_device()) return;
  for (const DType dtype : {DType::f32, DType::bf16, DType::f64}) {
    Tensors in({3, 2}, dtype);
    const double values[] = {0, 0, 3e-13, 4e-13, 3, 4};
    in.x.fill([&](int64_t i) { return values[i]; });
    in.dy.fill([](int64_t i) { return 1e-12 * static_cast<double>(i + 1); });
    const Tensors fast = on_device(in), exact = exactly(in);
    CAPTURE(to_string(dtype));
    for (int64_t row = 0; row < 3; ++row)
      CHECK(fast.norm.at(row) == doctest::Approx(exact.norm.at(row)).epsilon(1e-6));
    CHECK(relative_error(fast.y, exact.y) < rounding_bound(dtype, 2));
    CHECK(relative_error(fast.dx, exact.dx) < rounding_bound(dtype, 2));
  }
}

TEST_CASE("cuda: l2_normalize: what is not a number shows in its row alone") {
  if (skip_without_device()) return;
  Tensors in({2, 3}, DType::f32);
  in.x.fill([](int64_t i) { return i == 1 ? NAN : 1.0; });
  in.dy.fill([](int64_t) { return 1.0; });
  const Tensors r = on_device(in);
  CHECK(std::isnan(r.norm.at(0)));
  CHECK(std::isnan(r.y.at(0)));
  CHECK(std::isfinite(r.norm.at(1)));
  CHECK(std::isfinite(r.dx.at(3)));
}

}  // namespace lanet::test
