#include "kernels/linear.h"
#include "kernels/linear_cases.h"
#include "kernels/linear_ref.h"
#include "tests/op_test.h"

namespace lanet::test {
namespace {

struct Inputs {
  OwnedTensor x, weight, bias, dy;

  Inputs as_double() const {
    return {x.cast(DType::f64), weight.cast(DType::f64), bias.cast(DType::f64),
            dy.cast(DType::f64)};
  }
};

Inputs inputs(const LinearCase& c, DType dtype) {
  return {OwnedTensor::random({c.batch, c.in}, dtype, 1),
          OwnedTensor::random({c.out, c.in}, dtype, 2),
          OwnedTensor::random({c.out}, accumulate_dtype(dtype), 3),
          OwnedTensor::random({c.batch, c.out}, dtype, 4)};
}

struct Outputs {
  OwnedTensor y, dx, dweight, dbias;
};

/// Both directions. With `start` its gradients are added to. `mask`: the y whose zeros say where
/// the ReLU is shut, if it is not to be the one just computed.
Outputs run(const Inputs& in, const LinearCase& c, const Outputs* start = nullptr,
            const OwnedTensor* mask = nullptr, bool definition = false) {
  Context context;
  const DType dtype = in.x.dtype(), sums = accumulate_dtype(dtype);
  context.reserve_workspace(linear_backward_workspace_bytes({c.batch, c.out}, dtype, c.relu));
  Outputs out{OwnedTensor({c.batch, c.out}, dtype),
              start ? start->dx.cast(dtype) : OwnedTensor({c.batch, c.in}, dtype),
              start ? start->dweight.cast(sums) : OwnedTensor({c.out, c.in}, sums),
              start ? start->dbias.cast(sums) : OwnedTensor({c.out}, sums)};
  const LinearArgs forward{.x = in.x,
                           .weight = in.weight,
                           .bias = c.bias ? in.bias.tensor() : Tensor{},
                           .y = out.y,
                           .relu = c.relu};
  const bool add = start != nullptr;
  const LinearBackwardArgs backward{.x = in.x,
                                    .weight = in.weight,
                                    .y = mask ? *mask : out.y,
                                    .dy = in.dy,
                                    .relu = c.relu,
                                    .dx = {out.dx, add},
                                    .dweight = {out.dweight, add},
                                    .dbias = {out.dbias, add}};
  if (definition) {
    linear_ref<double>(forward);
    linear_backward_ref<double>(backward);
  } else {
    linear(context, forward);
    linear_backward(context, backward);
  }
  for (const OwnedTensor* t : {&out.y, &out.dx, &out.dweight, &out.dbias})
    CHECK(t->guards_intact());
  return out;
}

}  // namespace

TEST_CASE("linear: gradients agree with central differences, and 1.01 of them do not") {
  for (const auto& c : kLinearCases) {
    if (c.bench) continue;
    Inputs in = inputs(c, DType::f64);
    const Outputs out = run(in, c);
    auto loss = [&] {
      Context context;
      OwnedTensor y({c.batch, c.out}, DType::f64);
      linear(context, {.x = in.x,
                       .weight = in.weight,
                       .bias = c.bias ? in.bias.tensor() : Tensor{},
                       .y = y,
                       .relu = c.relu});
      return dot(y, in.dy);
    };
    auto check = [&](OwnedTensor& x, const OwnedTensor& gradient) {
      CHECK(gradient_error(x, gradient, loss) < 1e-8);
      CHECK(gradient_error(x, gradient.scaled(1.01), loss) > 5e-3);
    };
    CAPTURE(c.in);
    check(in.x, out.dx);
    check(in.weight, out.dweight);
    if (c.bias) check(in.bias, out.dbias);
  }
}

TEST_CASE("linear: every dtype follows the double definition, set and added, twice the same") {
  for (const DType dtype : {DType::f32, DType::bf16, DType::f64}) {
    for (const auto& c : kLinearCases) {
      if (c.bench && dtype != DType::f32) continue;
      CAPTURE(to_string(dtype));
      CAPTURE(c.in);
      CAPTURE(c.out);
      const Inputs in = inputs(c, dtype);
      const Outputs fast = run(in, c);
      // One mask for both: a sum near 0 may round to either side of it.
      const OwnedTensor mask = fast.y.cast(DType::f64);
      const Outputs exact = run(in.as_double(), c, nullptr, &mask, true);
      CHECK(relative_error(fast.y, exact.y) < rounding_bound(dtype, c.in, 1));
      CHECK(relative_error(fast.dx, exact.dx) < rounding_bound(dtype, c.out, 1));
      CHECK(relative_error(fast.dweight, exact.dweight) <
            rounding_bound(accumulate_dtype(dtype), c.batch, 1));
      CHECK(relative_error(fast.dbias, exact.dbias) <
            rounding_bound(accumulate_dtype(dtype), c.batch, 1));

      const Outputs start{fast.y, OwnedTensor::random({c.batch, c.in}, dtype, 5),
                          OwnedTensor::random({c.out, c.in}, accumulate_dtype(dtype), 6),
                          OwnedTensor::random({c.out}, accumulate_dtype(dtype), 7)};
      const Outputs added = run(in, c, &start),
                    added_exact = run(in.as_double(), c, &start, &mask, true);
      CHECK(relative_error(added.dx, added_exact.dx) < rounding_bound(dtype, c.out, 1));
      CHECK(relative_error(added.dweight, added_exact.dweight) <
            rounding_bound(accumulate_dtype(dtype), c.batch, 1));
      CHECK(relative_error(added.dbias, added_exact.dbias) <
            rounding_bound(accumulate_dtype(dtype), c.batch, 1));

      const Outputs again = run(in, c);
      CHECK(again.y.bits_equal(fast.y));
      CHECK(again.dx.bits_equal(fast.dx));
      CHECK(again.dweight.bits_equal(fast.dweight));
      CHECK(again.dbias.bits_equal(fast.dbias));
    }
  }
}

TEST_CASE("linear: where the output is exactly 0 the ReLU lets no gradient through") {
  for (const DType dtype : {DType::f32, DType::bf16, DType::f64}) {
    Context context;
    context.reserve_workspace(linear_backward_workspace_bytes({1, 2}, dtype, true));
    OwnedTensor x({1, 1}, dtype), weight({2, 1}, dtype), y({1, 2}, dtype), dy({1, 2}, dtype);
    OwnedTensor dweight({2, 1}, accumulate_dtype(dtype));
    x.fill([](int64_t) { return 1.0; });
    weight.fill([](int64_t i) { return i; });  // y = 0 and y = 1
    dy.fill([](int64_t) { return 1.0; });
    linear(context, {.x = x, .weight = weight, .y = y, .relu = true});
    linear_backward(
        context, {.x = x, .weight = weight, .y = y, .dy = dy, .relu = true, .dweight = {dweight}});
    CHECK(dweight.at(0) == 0.0);
    CHECK(dweight.at(1) == 1.0);
  }
}

TEST_CASE("linear: needs workspace for the masked gradient alone") {
  CHECK(linear_backward_workspace_bytes({3, 5}, DType::f32, true) == 60);
  CHECK(linear_backward_workspace_bytes({3, 5}, DType::f32, false) == 0);
}

TEST_CASE("linear: a wrong shape is named") {
  Context context;
  OwnedTensor x({2, 3}, DType::f32), weight({5, 4}, DType::f32), y({2, 5}, DType::f32);
  CHECK_THROWS_WITH_AS(linear(context, {.x = x, .weight = weight, .y = y}),
                       doctest::Contains("weight is f32 [5, 4]; expected f32 [5, 3]"), Error);
}

}  // namespace lanet::test
