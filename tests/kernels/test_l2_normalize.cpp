#include "kernels/l2_normalize_cases.h"
#include "tests/op_test.h"

namespace lanet::test {
namespace {

using Tensors = L2NormalizeTensors;

/// Forward and backward.
Tensors run(Tensors t) {
  Context context;
  l2_normalize(context, t.forward());
  l2_normalize_backward(context, t.backward());
  for (const OwnedTensor* tensor : t.all()) CHECK(tensor->guards_intact());
  return t;
}

}  // namespace

TEST_CASE("l2_normalize: gradient agrees with central differences, and 1.01 of it does not") {
  for (const auto& c : kL2NormalizeCases) {
    if (c.bench) continue;
    Tensors in(c, DType::f64);
    const OwnedTensor dx = run(in).dx;
    auto loss = [&] { return dot(run(in).y, in.dy); };
    if (c.width == 1) continue;  // y is ±1: the gradient is 0
    CHECK(gradient_error(in.x, dx, loss) < 1e-7);
    CHECK(gradient_error(in.x, dx.scaled(1.01), loss) > 5e-3);
  }
}

TEST_CASE(
    "l2_normalize: f32 and bf16 follow the double definition, set and added, twice the same") {
  for (const DType dtype : {DType::f32, DType::bf16}) {
    for (const auto& c : kL2NormalizeCases) {
      CAPTURE(c.rows);
      CAPTURE(c.width);
      const Tensors in(c, dtype), to_add(c, dtype, /*add=*/true);
      const Tensors fast = run(in), exact = run(cast_all(in, DType::f64));
      const double bound = rounding_bound(dtype, c.width, 2);
      CHECK(relative_error(fast.y, exact.y) < bound);
      if (c.width > 1) CHECK(relative_error(fast.dx, exact.dx) < 2 * bound);
      const Tensors added = run(to_add), added_exact = run(cast_all(to_add, DType::f64));
      CHECK(relative_error(added.dx, added_exact.dx) < 2 * bound);
      CHECK(run(in).dx.bits_equal(fast.dx));
    }
  }
}

TEST_CASE("l2_normalize: a zero row stays zero and its gradient is finite") {
  Tensors in({1, 4}, DType::f64);
  in.x.fill([](int64_t) { return 0.0; });
  in.dy.fill([](int64_t i) { return 1e-12 * i; });
  const Tensors r = run(in);
  CHECK(r.y.at(3) == 0.0);
  CHECK(r.dx.at(3) == doctest::Approx(3.0));
}

TEST_CASE("l2_normalize: a wrong shape is named") {
  Context context;
  OwnedTensor x({2, 3}, DType::f32), y({2, 4}, DType::f32), norm({2}, DType::f32);
  CHECK_THROWS_WITH_AS(l2_normalize(context, {.x = x, .y = y, .norm = norm}),
                       doctest::Contains("y is f32 [2, 4]; expected f32 [2, 3]"), Error);
}

}  // namespace lanet::test
