#include "kernels/l2_normalize.h"
#include "kernels/l2_normalize_cases.h"
#include "tests/op_test.h"

namespace lanet::test {
namespace {

struct Run {
  OwnedTensor y, norm, dx;
};

/// Forward and backward of the public operation on x and dy, as given, in x's dtype.
Run run(const OwnedTensor& x, const OwnedTensor& dy, const OwnedTensor* dx_start = nullptr) {
  Context context;
  const Shape shape = x.shape();
  const DType dtype = x.dtype();
  Run r{OwnedTensor(shape, dtype), OwnedTensor({shape[0]}, accumulate_dtype(dtype)),
        dx_start ? dx_start->cast(dtype) : OwnedTensor(shape, dtype)};
  l2_normalize(context, {.x = x, .y = r.y, .norm = r.norm});
  l2_normalize_backward(
      context, {.y = r.y, .norm = r.norm, .dy = dy, .dx = {r.dx, /*add=*/dx_start != nullptr}});
  CHECK(r.y.guards_intact());
  CHECK(r.norm.guards_intact());
  CHECK(r.dx.guards_intact());
  return r;
}

}  // namespace

TEST_CASE("l2_normalize: gradient agrees with central differences, and 1.01 of it does not") {
  for (const auto& c : kL2NormalizeCases) {
    if (c.bench) continue;
    auto x = OwnedTensor::random({c.rows, c.width}, DType::f64, 1);
    const auto dy = OwnedTensor::random({c.rows, c.width}, DType::f64, 2);
    auto dx = run(x, dy).dx;
    auto loss = [&] { return dot(run(x, dy).y, dy); };
    if (c.width == 1) continue;  // y is ±1: the gradient is 0
    CHECK(gradient_error(x, dx, loss) < 1e-7);
    dx = dx.scaled(1.01);
    CHECK(gradient_error(x, dx, loss) > 5e-3);
  }
}

TEST_CASE(
    "l2_normalize: f32 and bf16 follow the double definition, set and added, twice the same") {
  for (const DType dtype : {DType::f32, DType::bf16}) {
    for (const auto& c : kL2NormalizeCases) {
      CAPTURE(c.rows);
      CAPTURE(c.width);
      const auto x = OwnedTensor::random({c.rows, c.width}, dtype, 1);
      const auto dy = OwnedTensor::random({c.rows, c.width}, dtype, 2);
      const auto start = OwnedTensor::random({c.rows, c.width}, dtype, 3);
      const Run fast = run(x, dy), exact = run(x.cast(DType::f64), dy.cast(DType::f64));
      const double bound = rounding_bound(dtype, c.width, 2);
      CHECK(relative_error(fast.y, exact.y) < bound);
      if (c.width > 1) CHECK(relative_error(fast.dx, exact.dx) < 2 * bound);
      const Run added = run(x, dy, &start),
                added_exact = run(x.cast(DType::f64), dy.cast(DType::f64), &start);
      CHECK(relative_error(added.dx, added_exact.dx) < 2 * bound);
      CHECK(run(x, dy).dx.bits_equal(fast.dx));
    }
  }
}

TEST_CASE("l2_normalize: a zero row stays zero and its gradient is finite") {
  OwnedTensor x({1, 4}, DType::f64), dy({1, 4}, DType::f64);
  x.fill([](int64_t) { return 0.0; });
  dy.fill([](int64_t i) { return 1e-12 * i; });
  const Run r = run(x, dy);
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
