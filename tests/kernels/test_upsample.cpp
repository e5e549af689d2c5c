#include "kernels/upsample.h"

#include "kernels/upsample_cases.h"
#include "tests/op_test.h"

namespace lanet::test {
namespace {

Shape small(const UpsampleCase& c) {
  return {c.batch, c.height, c.width, c.channels};
}
Shape large(const UpsampleCase& c) {
  return {c.batch, 2 * c.height, 2 * c.width, c.channels};
}

struct Run {
  OwnedTensor y, dx;
};
Run run(const OwnedTensor& x, const OwnedTensor* addend, const OwnedTensor& dy,
        const OwnedTensor* start = nullptr) {
  Context context;
  const DType dtype = x.dtype();
  Run r{OwnedTensor(dy.shape(), dtype), start ? start->cast(dtype) : OwnedTensor(x.shape(), dtype)};
  upsample_2x(context, {.x = x, .addend = addend ? addend->tensor() : Tensor{}, .y = r.y});
  upsample_2x_backward(context, {.dy = dy, .dx = {r.dx, start != nullptr}});
  CHECK(r.y.guards_intact());
  CHECK(r.dx.guards_intact());
  return r;
}

}  // namespace

TEST_CASE("upsample_2x: gradient agrees with central differences, and 1.01 of it does not") {
  for (const auto& c : kUpsampleCases) {
    if (c.batch * c.height * c.width * c.channels > 500) continue;
    CAPTURE(c.height);
    auto x = OwnedTensor::random(small(c), DType::f64, 1);
    const auto dy = OwnedTensor::random(large(c), DType::f64, 2);
    auto dx = run(x, nullptr, dy).dx;
    const auto loss = [&] { return dot(run(x, nullptr, dy).y, dy); };
    CHECK(gradient_error(x, dx, loss) < 1e-8);
    dx = dx.scaled(1.01);
    CHECK(gradient_error(x, dx, loss) > 5e-3);
  }
}

TEST_CASE("upsample_2x: f32 and bf16 follow the double definition, set and added, twice the same") {
  for (const DType dtype : {DType::f32, DType::bf16}) {
    for (const auto& c : kUpsampleCases) {
      if (c.bench) continue;
      CAPTURE(dtype);
      CAPTURE(c.height);
      const auto x = OwnedTensor::random(small(c), dtype, 1);
      const auto addend = OwnedTensor::random(large(c), dtype, 2),
                 dy = OwnedTensor::random(large(c), dtype, 3);
      const auto start = OwnedTensor::random(small(c), dtype, 4);
      const auto x64 = x.cast(DType::f64), addend64 = addend.cast(DType::f64),
                 dy64 = dy.cast(DType::f64);
      const Run fast = run(x, &addend, dy), exact = run(x64, &addend64, dy64);
      CHECK(relative_error(fast.y, exact.y) < rounding_bound(dtype, 5, 1));
      CHECK(relative_error(fast.dx, exact.dx) < rounding_bound(dtype, 16, 1));
      const Run added = run(x, nullptr, dy, &start), added_exact = run(x64, nullptr, dy64, &start);
      CHECK(relative_error(added.y, added_exact.y) < rounding_bound(dtype, 4, 1));
      CHECK(relative_error(added.dx, added_exact.dx) < rounding_bound(dtype, 17, 1));
      const Run again = run(x, &addend, dy);
      CHECK(again.y.bits_equal(fast.y));
      CHECK(again.dx.bits_equal(fast.dx));
    }
  }
}

TEST_CASE("upsample_2x: borders repeat, weights are quarters, y may be the addend") {
  OwnedTensor x({1, 1, 2, 1}, DType::f32), y({1, 2, 4, 1}, DType::f32);
  x.fill([](int64_t i) { return 4.0 * i; });
  y.fill([](int64_t) { return 10.0; });
  Context context;
  upsample_2x(context, {.x = x, .addend = y, .y = y});
  const double expected[] = {10, 11, 13, 14, 10, 11, 13, 14};
  for (int64_t i = 0; i < 8; ++i) CHECK(y.at(i) == expected[i]);
}

TEST_CASE("upsample_2x: a wrong shape is named") {
  Context context;
  OwnedTensor x({1, 2, 2, 1}, DType::f32), y({1, 4, 3, 1}, DType::f32);
  CHECK_THROWS_WITH_AS(upsample_2x(context, {.x = x, .y = y}),
                       doctest::Contains("y is f32 [1, 4, 3, 1]; expected f32 [1, 4, 4, 1]"),
                       Error);
}

}  // namespace lanet::test
