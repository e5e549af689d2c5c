#include "kernels/batch_norm.h"

#include "kernels/batch_norm_cases.h"
#include "tests/op_test.h"

namespace lanet::test {
namespace {

struct Inputs {
  HostTensor x, weight, bias, residual, dy, running_mean, running_var;
  HostTensor dx_start, dresidual_start, dweight_start, dbias_start;

  Inputs cast(DType dtype) const {
    const DType wide = accumulate_dtype(dtype);
    return {x.cast(dtype),
            weight.cast(wide),
            bias.cast(wide),
            residual.cast(dtype),
            dy.cast(dtype),
            running_mean.cast(wide),
            running_var.cast(wide),
            dx_start.cast(dtype),
            dresidual_start.cast(dtype),
            dweight_start.cast(wide),
            dbias_start.cast(wide)};
  }
};
Inputs inputs(const BatchNormCase& c, DType dtype) {
  const Shape image{c.rows, c.channels}, vector{c.channels};
  const DType wide = accumulate_dtype(dtype);
  return {HostTensor::random(image, dtype, 1, -1, 2),  HostTensor::random(vector, wide, 2, 0.5, 2),
          HostTensor::random(vector, wide, 3),         HostTensor::random(image, dtype, 4),
          HostTensor::random(image, dtype, 5),         HostTensor::random(vector, wide, 6),
          HostTensor::random(vector, wide, 7, 0.5, 2), HostTensor::random(image, dtype, 8),
          HostTensor::random(image, dtype, 9),         HostTensor::random(vector, wide, 10),
          HostTensor::random(vector, wide, 11)};
}

struct Options {
  bool relu = true, residual = true, add = false;
};

struct Run {
  HostTensor mean, inv_std, running_mean, running_var, y, inference_y;
  HostTensor sum_dy, sum_dy_xhat, dweight, dbias, dx, dresidual;

  std::vector<const HostTensor*> all() const {
    return {&mean,   &inv_std,     &running_mean, &running_var, &y,  &inference_y,
            &sum_dy, &sum_dy_xhat, &dweight,      &dbias,       &dx, &dresidual};
  }
};
/// Every pass in the dtype of the inputs. `mask`: the backward pass reads this y instead of its
/// own.
Run run(const Inputs& in, Options o, const HostTensor* mask = nullptr, int threads = 0) {
  const Shape image = in.x.tensor().shape, vector{image.back()};
  const DType dtype = in.x.tensor().dtype, wide = accumulate_dtype(dtype);
  Context context(Device::cpu, threads);
  context.reserve_workspace(batch_norm_workspace_bytes(image));
  context.freeze();
  auto start = [&](const HostTensor& given) {
    return o.add ? given.copy() : HostTensor(given.tensor().shape, given.tensor().dtype);
  };
  Run r{HostTensor(vector, wide), HostTensor(vector, wide), in.running_mean.copy(),
        in.running_var.copy(),    HostTensor(image, dtype), HostTensor(image, dtype),
        HostTensor(vector, wide), HostTensor(vector, wide), start(in.dweight_start),
        start(in.dbias_start),    start(in.dx_start),       start(in.dresidual_start)};
  const Tensor residual = o.residual ? in.residual.tensor() : Tensor{};
  batch_norm_inference(context, {.x = in.x,
                                 .running_mean = in.running_mean,
                                 .running_var = in.running_var,
                                 .weight = in.weight,
                                 .bias = in.bias,
                                 .residual = residual,
                                 .y = r.inference_y,
                                 .relu = o.relu});
  batch_norm_statistics(context, {.x = in.x,
                                  .mean = r.mean,
                                  .inv_std = r.inv_std,
                                  .running_mean = r.running_mean,
                                  .running_var = r.running_var});
  batch_norm_apply(context, {.x = in.x,
                             .mean = r.mean,
                             .inv_std = r.inv_std,
                             .weight = in.weight,
                             .bias = in.bias,
                             .residual = residual,
                             .y = r.y,
                             .relu = o.relu});
  const Tensor y = mask ? mask->tensor() : r.y.tensor();
  batch_norm_backward_reduce(context, {.x = in.x,
                                       .mean = r.mean,
                                       .inv_std = r.inv_std,
                                       .dy = in.dy,
                                       .y = o.relu ? y : Tensor{},
                                       .relu = o.relu,
                                       .sum_dy = r.sum_dy,
                                       .sum_dy_xhat = r.sum_dy_xhat,
                                       .dweight = {r.dweight, o.add},
                                       .dbias = {r.dbias, o.add}});
  batch_norm_backward_apply(context,
                            {.x = in.x,
                             .mean = r.mean,
                             .inv_std = r.inv_std,
                             .weight = in.weight,
                             .dy = in.dy,
                             .y = o.relu ? y : Tensor{},
                             .relu = o.relu,
                             .sum_dy = r.sum_dy,
                             .sum_dy_xhat = r.sum_dy_xhat,
                             .dx = {r.dx, o.add},
                             .dresidual = o.residual ? Gradient{r.dresidual, o.add} : Gradient{}});
  if (!o.residual) r.dresidual.fill([](int64_t) { return 0; });
  for (const HostTensor* tensor : r.all()) CHECK(tensor->guards_intact());
  return r;
}

}  // namespace

TEST_CASE("batch_norm: gradients agree with central differences, and 1.01 of them do not") {
  for (const auto& c : kBatchNormCases) {
    if (c.rows * c.channels > 400) continue;
    for (const Options o : {Options{true, true}, Options{true, false}, Options{false, true}}) {
      CAPTURE(c.rows);
      CAPTURE(c.channels);
      CAPTURE(o.relu);
      Inputs in = inputs(c, DType::f64);
      const Run r = run(in, o);
      const auto loss = [&] { return dot(run(in, o).y, in.dy); };
      const auto check = [&](HostTensor& x, const HostTensor& gradient) {
        CHECK(gradient_error(x, gradient, loss) < 1e-6);
        CHECK(gradient_error(x, gradient.scaled(1.01), loss) > 5e-3);
      };
      if (c.rows > 1) {  // of one row x̂ is 0
        check(in.x, r.dx);
        check(in.weight, r.dweight);
      }
      check(in.bias, r.dbias);
      if (o.residual) check(in.residual, r.dresidual);
    }
  }
}

TEST_CASE("batch_norm: f32 and bf16 follow the double definition, set and added, twice the same") {
  for (const DType dtype : {DType::f32, DType::bf16}) {
    for (const auto& c : kBatchNormCases) {
      if (c.bench || c.rows == 1) continue;
      for (const Options o : {Options{true, true, false}, Options{true, false, true},
                              Options{false, true, true}, Options{false, false, false}}) {
        CAPTURE(dtype);
        CAPTURE(c.rows);
        CAPTURE(c.channels);
        CAPTURE(o.relu);
        CAPTURE(o.residual);
        const Inputs in = inputs(c, dtype);
        const Run fast = run(in, o);
        // Both cut off where the fast y is 0: rounding decides differently next to 0.
        const HostTensor mask = fast.y.cast(DType::f64);
        const Run exact = run(in.cast(DType::f64), o, &mask);
        const double sums = rounding_bound(DType::f32, c.rows, 2);
        const double image = rounding_bound(dtype, c.rows, 2);
        CHECK(relative_error(fast.mean, exact.mean) < sums);
        CHECK(relative_error(fast.inv_std, exact.inv_std) < sums);
        CHECK(relative_error(fast.running_mean, exact.running_mean) < sums);
        CHECK(relative_error(fast.running_var, exact.running_var) < sums);
        CHECK(relative_error(fast.y, exact.y) < image);
        CHECK(relative_error(fast.inference_y, exact.inference_y) < image);
        CHECK(relative_error(fast.sum_dy, exact.sum_dy) < sums);
        CHECK(relative_error(fast.sum_dy_xhat, exact.sum_dy_xhat) < sums);
        CHECK(relative_error(fast.dweight, exact.dweight) < sums);
        CHECK(relative_error(fast.dbias, exact.dbias) < sums);
        CHECK(relative_error(fast.dx, exact.dx) < image);
        CHECK(relative_error(fast.dresidual, exact.dresidual) < image);
        const Run again = run(in, o);
        for (size_t i = 0; i < fast.all().size(); ++i)
          CHECK(again.all()[i]->bits_equal(*fast.all()[i]));
      }
    }
  }
}

TEST_CASE("batch_norm: the number of threads changes no bit") {
  const int threads = Context().threads();
  for (const DType dtype : {DType::f32, DType::bf16, DType::f64}) {
    for (const auto& c : kBatchNormCases) {
      if (c.bench) continue;
      const Inputs in = inputs(c, dtype);
      const Run one = run(in, {}, nullptr, 1), three = run(in, {}, nullptr, 3);
      for (size_t i = 0; i < one.all().size(); ++i)
        CHECK(one.all()[i]->bits_equal(*three.all()[i]));
    }
  }
  Context restored(Device::cpu, threads);
}

TEST_CASE("batch_norm: statistics hold where the mean is far larger than the deviation") {
  const BatchNormCase c{3000, 20};
  Inputs in = inputs(c, DType::f32);
  in.x.fill([copy = in.x.copy()](int64_t i) { return 3000 + copy.at(i); });
  const Run fast = run(in, {}), exact = run(in.cast(DType::f64), {});
  CHECK(relative_error(fast.mean, exact.mean) < rounding_bound(DType::f32, 1, 1));
  CHECK(relative_error(fast.inv_std, exact.inv_std) < rounding_bound(DType::f32, c.rows, 1));
}

TEST_CASE("batch_norm: one row gives its bias up to rounding, and its variance is 0") {
  const BatchNormCase c{1, 3};
  for (const DType dtype : {DType::f32, DType::f64}) {
    const Inputs in = inputs(c, dtype);
    const Run r = run(in, {.relu = false, .residual = false});
    for (int64_t i = 0; i < c.channels; ++i) {
      // bias + x·scale − mean·scale, the two products of size 316·x cancelling
      const double product = in.x.at(i) * in.weight.at(i) / std::sqrt(kBatchNormEpsilon);
      CHECK(std::abs(r.y.at(i) - in.bias.at(i)) <= rounding_bound(dtype, 1, 1) * std::abs(product));
      CHECK(r.dx.at(i) == 0.0);
      CHECK(r.inv_std.at(i) == doctest::Approx(1 / std::sqrt(kBatchNormEpsilon)));
      CHECK(r.running_var.at(i) == doctest::Approx(0.9 * in.running_var.at(i)));
      CHECK(r.running_mean.at(i) ==
            doctest::Approx(0.9 * in.running_mean.at(i) + 0.1 * in.x.at(i)));
    }
  }
}

TEST_CASE("batch_norm: y = 0 is cut off") {
  for (const DType dtype : {DType::f32, DType::bf16, DType::f64}) {
    const Inputs in = inputs({40, 5}, dtype);
    HostTensor zero({40, 5}, dtype);
    zero.fill([](int64_t) { return 0.0; });
    const Run r = run(in, {}, &zero);
    for (int64_t i = 0; i < 5; ++i) CHECK(r.sum_dy.at(i) == 0.0);
    for (int64_t i = 0; i < 200; ++i) {
      CHECK(r.dx.at(i) == 0.0);
      CHECK(r.dresidual.at(i) == 0.0);
    }
  }
}

TEST_CASE("batch_norm: running statistics may be absent, but not one of them; y is not x") {
  Context context;
  HostTensor x = HostTensor::random({6, 2}, DType::f32, 1);
  HostTensor mean({2}, DType::f32), inv_std({2}, DType::f32), running({2}, DType::f32);
  context.reserve_workspace(batch_norm_workspace_bytes({6, 2}));
  batch_norm_statistics(context, {.x = x, .mean = mean, .inv_std = inv_std});
  CHECK(mean.at(1) ==
        doctest::Approx((x.at(1) + x.at(3) + x.at(5) + x.at(7) + x.at(9) + x.at(11)) / 6));
  CHECK_THROWS_AS(batch_norm_statistics(
                      context, {.x = x, .mean = mean, .inv_std = inv_std, .running_mean = running}),
                  Error);
  CHECK_THROWS_AS(
      batch_norm_apply(
          context,
          {.x = x, .mean = mean, .inv_std = inv_std, .weight = mean, .bias = mean, .y = x}),
      Error);
}

}  // namespace lanet::test
