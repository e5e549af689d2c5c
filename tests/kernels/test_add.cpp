#include "kernels/add.h"

#include "kernels/add_cases.h"
#include "tests/op_test.h"

namespace lanet::test {

TEST_CASE("add: gradients agree with central differences, and 1.01 of them do not") {
  Context context;
  auto a = OwnedTensor::random({3, 5}, DType::f64, 1),
       b = OwnedTensor::random({3, 5}, DType::f64, 2);
  const auto dy = OwnedTensor::random({3, 5}, DType::f64, 3);
  OwnedTensor da({3, 5}, DType::f64), db({3, 5}, DType::f64);
  add_backward(context, {.dy = dy, .da = {da}, .db = {db}});
  const auto loss = [&] {
    OwnedTensor y({3, 5}, DType::f64);
    add(context, {.a = a, .b = b, .y = y});
    return dot(y, dy);
  };
  CHECK(gradient_error(a, da, loss) < 1e-8);
  CHECK(gradient_error(b, db, loss) < 1e-8);
  da = da.scaled(1.01);
  CHECK(gradient_error(a, da, loss) > 5e-3);
}

TEST_CASE(
    "add: f32 and bf16 follow the double definition; gradients are set, added, or not wanted") {
  Context context;
  for (const DType dtype : {DType::f32, DType::bf16}) {
    for (const auto& c : kAddCases) {
      if (c.bench) continue;
      const Shape shape{c.elements};
      const auto a = OwnedTensor::random(shape, dtype, 1), b = OwnedTensor::random(shape, dtype, 2);
      OwnedTensor y(shape, dtype), set(shape, dtype), added = b, exact(shape, DType::f64);
      add(context, {.a = a, .b = b, .y = y});
      add_backward(context, {.dy = a, .da = {set}, .db = {added, true}});
      add(context, {.a = a.cast(DType::f64), .b = b.cast(DType::f64), .y = exact});
      CHECK(relative_error(y, exact) < rounding_bound(dtype, 1, 1));
      CHECK(set.bits_equal(a));
      CHECK(added.bits_equal(y));
      add_backward(context, {.dy = a, .db = {added}});
      CHECK(added.bits_equal(a));
      for (const OwnedTensor* tensor : {&y, &set, &added}) CHECK(tensor->guards_intact());
      add(context, {.a = set, .b = b, .y = set});
      CHECK(set.bits_equal(y));
    }
  }
}

}  // namespace lanet::test
