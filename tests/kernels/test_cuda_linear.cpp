// The CUDA kernels of linear against the definition in double, from the CPU tests' cases.
#include "kernels/linear.h"
#include "kernels/linear_cases.h"
#include "kernels/linear_ref.h"
#include "tests/device_test.h"

namespace lanet::test {
namespace {

struct Inputs {
  OwnedTensor x, weight, bias, dy, dx_start, dweight_start, dbias_start;

  Inputs(const LinearCase& c, DType dtype)
      : x(OwnedTensor::random({c.batch, c.in}, dtype, 1)),
        weight(OwnedTensor::random({c.out, c.in}, dtype, 2)),
        bias(OwnedTensor::random({c.out}, accumulate_dtype(dtype), 3)),
        dy(OwnedTensor::random({c.batch, c.out}, dtype, 4)),
        dx_start(OwnedTensor::random({c.batch, c.in}, dtype, 5)),
        dweight_start(OwnedTensor::random({c.out, c.in}, accumulate_dtype(dtype), 6)),
        dbias_start(OwnedTensor::random({c.out}, accumulate_dtype(dtype), 7)) {}
};

struct Run {
  OwnedTensor y, dx, dweight, dbias;
};

/// Which gradients are added to.
struct Adds {
  bool dx, dweight, dbias;
};

Run on_device(const Inputs& in, const LinearCase& c, const Adds& add) {
  Context context(Device::cuda);
  const DType dtype = in.x.dtype(), sums = accumulate_dtype(dtype);
  context.reserve_workspace(linear_backward_workspace_bytes({c.batch, c.out}, dtype, c.relu));
  const OwnedTensor x(context, in.x), weight(context, in.weight), bias(context, in.bias),
      dy(context, in.dy), y(context, OwnedTensor({c.batch, c.out}, dtype)),
      dx(context, add.dx ? in.dx_start : OwnedTensor({c.batch, c.in}, dtype)),
      dweight(context, add.dweight ? in.dweight_start : OwnedTensor({c.out, c.in}, sums)),
      dbias(context, add.dbias ? in.dbias_start : OwnedTensor({c.out}, sums));
  linear(context, {.x = x,
                   .weight = weight,
                   .bias = c.bias ? bias.tensor() : Tensor{},
                   .y = y,
                   .relu = c.relu});
  linear_backward(context, {.x = x,
                            .weight = weight,
                            .y = y,
                            .dy = dy,
                            .relu = c.relu,
                            .dx = {dx, add.dx},
                            .dweight = {dweight, add.dweight},
                            .dbias = {dbias, add.dbias}});
  return {y.download(), dx.download(), dweight.download(), dbias.download()};
}

/// `mask`: the y whose zeros say where the ReLU is shut.
Run exactly(const Inputs& in, const LinearCase& c, const Adds& add, const OwnedTensor& mask) {
  const OwnedTensor x = in.x.cast(DType::f64), weight = in.weight.cast(DType::f64),
                    bias = in.bias.cast(DType::f64), dy = in.dy.cast(DType::f64),
                    mask64 = mask.cast(DType::f64);
  Run r{OwnedTensor({c.batch, c.out}, DType::f64), in.dx_start.cast(DType::f64),
        in.dweight_start.cast(DType::f64), in.dbias_start.cast(DType::f64)};
  linear_ref<double>({.x = x,
                      .weight = weight,
                      .bias = c.bias ? bias.tensor() : Tensor{},
                      .y = r.y,
                      .relu = c.relu});
  linear_backward_ref<double>({.x = x,
                               .weight = weight,
                               .y = mask64,
                               .dy = dy,
                               .relu = c.relu,
                               .dx = {r.dx, add.dx},
                               .dweight = {r.dweight, add.dweight},
                               .dbias = {r.dbias, add.dbias}});
  return r;
}

}  // namespace

TEST_CASE("cuda: linear follows the double definition, set and added, twice the same") {
  if (skip_without_device()) return;
  for (const DType dtype : {DType::f32, DType::bf16, DType::f64}) {
    for (const auto& c : kLinearCases) {
      if (c.bench) continue;
      const Inputs in(c, dtype);
      for (const Adds& add : {Adds{false, false, false},
                              {true, false, false},
                              {false, true, false},
                              {false, false, true},
                              {true, true, true}}) {
        CAPTURE(to_string(dtype));
        CAPTURE(c.in);
        CAPTURE(add.dx);
        CAPTURE(add.dweight);
        CAPTURE(add.dbias);
        const Run fast = on_device(in, c, add), again = on_device(in, c, add);
        // One mask for both: a sum near 0 may round to either side of it.
        const Run exact = exactly(in, c, add, fast.y);
        const double sums = rounding_bound(accumulate_dtype(dtype), c.batch, 2);
        CHECK(relative_error(fast.y, exact.y) < rounding_bound(dtype, c.in, 2));
        CHECK(relative_error(fast.dx, exact.dx) < rounding_bound(dtype, c.out, 2));
        CHECK(relative_error(fast.dweight, exact.dweight) < sums);
        CHECK(relative_error(fast.dbias, exact.dbias) < sums);
        CHECK(again.y.bits_equal(fast.y));
        CHECK(again.dx.bits_equal(fast.dx));
        CHECK(again.dweight.bits_equal(fast.dweight));
        CHECK(again.dbias.bits_equal(fast.dbias));
      }
    }
  }
}

TEST_CASE("cuda: linear: where the output is exactly 0 the ReLU lets no gradient through") {
  if (skip_without_device()) return;
  for (const DType dtype : {DType::f32, DType::bf16, DType::f64}) {
    Inputs in({1, 1, 2, false, true}, dtype);
    in.x.fill([](int64_t) { return 1.0; });
    in.weight.fill([](int64_t i) { return i; });  // y = 0 and y = 1
    in.dy.fill([](int64_t) { return 1.0; });
    const Run fast = on_device(in, {1, 1, 2, false, true}, {});
    CHECK(fast.dweight.at(0) == 0.0);
    CHECK(fast.dweight.at(1) == 1.0);
    CHECK(fast.dbias.at(0) == 0.0);
    CHECK(fast.dbias.at(1) == 1.0);
  }
}

TEST_CASE("cuda: linear: what is not a number passes the ReLU") {
  if (skip_without_device()) return;
  const LinearCase c{2, 3, 2, true, true};
  for (const DType dtype : {DType::f32, DType::bf16, DType::f64}) {
    Inputs in(c, dtype);
    in.x.set(0, NAN);
    const Run fast = on_device(in, c, {});
    CHECK(std::isnan(fast.y.at(0)));
    CHECK(std::isfinite(fast.y.at(2)));
  }
}

}  // namespace lanet::test
