#include "kernels/weight_product.h"
#include "kernels/weight_product_cases.h"
#include "kernels/weight_product_ref.h"
#include "tests/op_test.h"

namespace lanet::test {
namespace {

struct Factors {
  HostTensor a, b, dy;

  Factors(const WeightProductCase& c, DType dtype)
      : a(HostTensor::random({c.rows, c.inner}, dtype, 1)),
        b(HostTensor::random({c.inner, c.columns}, dtype, 2)),
        dy(HostTensor::random({c.rows, c.columns}, dtype, 3)) {}
};

HostTensor forward(const Factors& in, DType output) {
  Context context;
  HostTensor y(in.dy.tensor().shape, output);
  context.reserve_workspace(weight_product_workspace_bytes(y.tensor().shape, output));
  weight_product(context, {.a = in.a, .b = in.b, .y = y});
  CHECK(y.guards_intact());
  return y;
}

struct Gradients {
  HostTensor da, db;
};

Gradients backward(const Factors& in, const Gradients* start = nullptr) {
  Context context;
  const bool add = start != nullptr;
  const DType dtype = in.a.tensor().dtype;
  Gradients g{add ? start->da.cast(dtype) : HostTensor(in.a.tensor().shape, dtype),
              add ? start->db.cast(dtype) : HostTensor(in.b.tensor().shape, dtype)};
  weight_product_backward(
      context, {.a = in.a, .b = in.b, .dy = in.dy, .da = {g.da, add}, .db = {g.db, add}});
  CHECK(g.da.guards_intact());
  CHECK(g.db.guards_intact());
  return g;
}

}  // namespace

TEST_CASE("weight_product: gradients agree with central differences, and 1.01 of them do not") {
  for (const auto& c : kWeightProductCases) {
    if (c.bench) continue;
    Factors in(c, DType::f64);
    Gradients g = backward(in);
    auto loss = [&] { return dot(forward(in, DType::f64), in.dy); };
    CHECK(gradient_error(in.a, g.da, loss) < 1e-8);
    CHECK(gradient_error(in.b, g.db, loss) < 1e-8);
    g.da = g.da.scaled(1.01);
    g.db = g.db.scaled(1.01);
    CHECK(gradient_error(in.a, g.da, loss) > 5e-3);
    CHECK(gradient_error(in.b, g.db, loss) > 5e-3);
  }
}

TEST_CASE("weight_product: f32 and bf16 output follow the double definition, twice the same") {
  for (const auto& c : kWeightProductCases) {
    CAPTURE(c.inner);
    const Factors in(c, DType::f32);
    const HostTensor a = in.a.cast(DType::f64), b = in.b.cast(DType::f64);
    HostTensor exact(in.dy.tensor().shape, DType::f64);
    weight_product_ref<double>({.a = a, .b = b, .y = exact});
    for (const DType output : {DType::f32, DType::bf16}) {
      const HostTensor y = forward(in, output);
      CHECK(relative_error(y, exact) < rounding_bound(output, c.inner, 1));
      CHECK(forward(in, output).bits_equal(y));
    }
    // Rounded once: the bf16 output is the rounded f32 output.
    CHECK(forward(in, DType::bf16).bits_equal(forward(in, DType::f32).cast(DType::bf16)));
  }
}

TEST_CASE("weight_product: gradients in f32 follow the double definition, set and added") {
  for (const auto& c : kWeightProductCases) {
    CAPTURE(c.inner);
    const Factors in(c, DType::f32);
    const Gradients start{HostTensor::random({c.rows, c.inner}, DType::f32, 4),
                          HostTensor::random({c.inner, c.columns}, DType::f32, 5)};
    const HostTensor a = in.a.cast(DType::f64), b = in.b.cast(DType::f64),
                     dy = in.dy.cast(DType::f64);
    for (const bool add : {false, true}) {
      const Gradients fast = backward(in, add ? &start : nullptr);
      Gradients exact{start.da.cast(DType::f64), start.db.cast(DType::f64)};
      weight_product_backward_ref<double>(
          {.a = a, .b = b, .dy = dy, .da = {exact.da, add}, .db = {exact.db, add}});
      CHECK(relative_error(fast.da, exact.da) < rounding_bound(DType::f32, c.columns, 1));
      CHECK(relative_error(fast.db, exact.db) < rounding_bound(DType::f32, c.rows, 1));
      CHECK(backward(in, add ? &start : nullptr).da.bits_equal(fast.da));
    }
  }
}

TEST_CASE("weight_product: a wrong output type is named") {
  Context context;
  HostTensor a({2, 3}, DType::f64), b({3, 4}, DType::f64), y({2, 4}, DType::bf16);
  CHECK_THROWS_WITH_AS(weight_product(context, {.a = a, .b = b, .y = y}),
                       doctest::Contains("y is bf16 [2, 4]; expected f64 [2, 4]"), Error);
}

}  // namespace lanet::test
