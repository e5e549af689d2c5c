// The CUDA kernels of batch_norm against the definition in double, from the CPU tests' cases.
#include "kernels/batch_norm.h"
#include "kernels/batch_norm_cases.h"
#include "tests/device_test.h"

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
  bool relu = true, residual = true;
  bool add_first = false, add_second = false;  // to dweight and dx, to dbias and dresidual
  int64_t shift = 0;                           // of the images, in elements
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
Run run(Device device, const Inputs& in, Options o, const HostTensor* mask = nullptr) {
  const Shape image = in.x.tensor().shape, vector{image.back()};
  const DType dtype = in.x.tensor().dtype, wide = accumulate_dtype(dtype);
  Context context(device);
  context.reserve_workspace(batch_norm_workspace_bytes(image));
  auto start = [&](const HostTensor& given, bool add) {
    return add ? given.copy() : HostTensor(given.tensor().shape, given.tensor().dtype);
  };
  const DeviceTensor x(context, in.x, o.shift), weight(context, in.weight), bias(context, in.bias),
      residual(context, in.residual, o.shift), dy(context, in.dy, o.shift),
      mean(context, HostTensor(vector, wide)), inv_std(context, HostTensor(vector, wide)),
      inference_mean(context, in.running_mean), inference_var(context, in.running_var),
      running_mean(context, in.running_mean), running_var(context, in.running_var),
      y(context, HostTensor(image, dtype), o.shift),
      inference_y(context, HostTensor(image, dtype), o.shift),
      given_y(context, mask ? mask->copy() : HostTensor(image, dtype)),
      sum_dy(context, HostTensor(vector, wide)), sum_dy_xhat(context, HostTensor(vector, wide)),
      dweight(context, start(in.dweight_start, o.add_first)),
      dbias(context, start(in.dbias_start, o.add_second)),
      dx(context, start(in.dx_start, o.add_first)),
      dresidual(context, start(in.dresidual_start, o.add_second));
  context.freeze();
  const Tensor given_residual = o.residual ? residual.tensor() : Tensor{};
  batch_norm_inference(context, {.x = x,
                                 .running_mean = inference_mean,
                                 .running_var = inference_var,
                                 .weight = weight,
                                 .bias = bias,
                                 .residual = given_residual,
                                 .y = inference_y,
                                 .relu = o.relu});
  batch_norm_statistics(context, {.x = x,
                                  .mean = mean,
                                  .inv_std = inv_std,
                                  .running_mean = running_mean,
                                  .running_var = running_var});
  batch_norm_apply(context, {.x = x,
                             .mean = mean,
                             .inv_std = inv_std,
                             .weight = weight,
                             .bias = bias,
                             .residual = given_residual,
                             .y = y,
                             .relu = o.relu});
  const Tensor read_y = !o.relu ? Tensor{} : mask ? given_y.tensor() : y.tensor();
  batch_norm_backward_reduce(context, {.x = x,
                                       .mean = mean,
                                       .inv_std = inv_std,
                                       .dy = dy,
                                       .y = read_y,
                                       .relu = o.relu,
                                       .sum_dy = sum_dy,
                                       .sum_dy_xhat = sum_dy_xhat,
                                       .dweight = {dweight, o.add_first},
                                       .dbias = {dbias, o.add_second}});
  batch_norm_backward_apply(
      context, {.x = x,
                .mean = mean,
                .inv_std = inv_std,
                .weight = weight,
                .dy = dy,
                .y = read_y,
                .relu = o.relu,
                .sum_dy = sum_dy,
                .sum_dy_xhat = sum_dy_xhat,
                .dx = {dx, o.add_first},
                .dresidual = o.residual ? Gradient{dresidual, o.add_second} : Gradient{}});
  Run r{mean.download(),    inv_std.download(),     running_mean.download(), running_var.download(),
        y.download(),       inference_y.download(), sum_dy.download(),       sum_dy_xhat.download(),
        dweight.download(), dbias.download(),       dx.download(),           dresidual.download()};
  if (!o.residual) r.dresidual.fill([](int64_t) { return 0; });
  return r;
}

/// Compares a run on the device with the definition. Both cut off where the device's y is 0:
/// rounding decides differently next to 0.
void check(const Inputs& in, Options o) {
  const DType dtype = in.x.tensor().dtype;
  const int64_t rows = in.x.tensor().shape[0], channels = in.x.tensor().shape[1];
  CAPTURE(to_string(dtype));
  CAPTURE(rows);
  CAPTURE(channels);
  CAPTURE(o.relu);
  CAPTURE(o.residual);
  CAPTURE(o.add_first);
  CAPTURE(o.shift);
  const Run fast = run(Device::cuda, in, o);
  const HostTensor mask = fast.y.cast(DType::f64);
  const Run exact =
      run(Device::cpu, in.cast(DType::f64), {o.relu, o.residual, o.add_first, o.add_second}, &mask);
  const double factor = dtype == DType::f64 ? 4 : 2;  // in double the definition rounds as well
  const double sums = rounding_bound(accumulate_dtype(dtype), rows, factor);
  const double image = rounding_bound(dtype, rows, factor);
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
  const Run again = run(Device::cuda, in, o);
  for (size_t i = 0; i < fast.all().size(); ++i) CHECK(again.all()[i]->bits_equal(*fast.all()[i]));
}

}  // namespace

TEST_CASE("cuda: batch_norm follows the double definition, set and added, twice the same") {
  if (skip_without_device()) return;
  for (const DType dtype : {DType::f32, DType::bf16, DType::f64}) {
    for (const auto& c : kBatchNormCases) {
      if (c.bench || c.rows == 1) continue;
      const Inputs in = inputs(c, dtype);
      check(in, {.relu = true, .residual = true});
      check(in, {.relu = false, .residual = false, .add_first = true, .add_second = true});
    }
    const Inputs in = inputs({40, 16}, dtype);
    check(in, {.relu = true, .residual = false, .add_first = true});
    check(in, {.relu = false, .residual = true, .add_second = true});
    check(in, {.relu = true, .residual = true, .add_first = true, .shift = 1});
  }
}

TEST_CASE("cuda: batch_norm of more strips than threads join at once, and longer ones") {
  if (skip_without_device()) return;
  check(inputs({102'000, 1}, DType::f32), {});
}

TEST_CASE("cuda: batch_norm statistics hold where the mean is far larger than the deviation") {
  if (skip_without_device()) return;
  const BatchNormCase c{3000, 20};
  Inputs in = inputs(c, DType::f32);
  in.x.fill([copy = in.x.copy()](int64_t i) { return 3000 + copy.at(i); });
  const Run fast = run(Device::cuda, in, {}), exact = run(Device::cpu, in.cast(DType::f64), {});
  CHECK(relative_error(fast.mean, exact.mean) < rounding_bound(DType::f32, 1, 1));
  CHECK(relative_error(fast.inv_std, exact.inv_std) < rounding_bound(DType::f32, c.rows, 1));
}

TEST_CASE("cuda: batch_norm of one row gives its bias up to rounding, and its variance is 0") {
  if (skip_without_device()) return;
  const BatchNormCase c{1, 3};
  for (const DType dtype : {DType::f32, DType::f64}) {
    const Inputs in = inputs(c, dtype);
    const Run r = run(Device::cuda, in, {.relu = false, .residual = false});
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

TEST_CASE("cuda: batch_norm cuts off y = 0, and keeps NaN") {
  if (skip_without_device()) return;
  for (const DType dtype : {DType::f32, DType::bf16, DType::f64}) {
    Inputs in = inputs({40, 8}, dtype);
    HostTensor zero({40, 8}, dtype);
    zero.fill([](int64_t) { return 0.0; });
    const Run r = run(Device::cuda, in, {}, &zero);
    for (int64_t i = 0; i < 8; ++i) CHECK(r.sum_dy.at(i) == 0.0);
    for (int64_t i = 0; i < 320; ++i) {
      CHECK(r.dx.at(i) == 0.0);
      CHECK(r.dresidual.at(i) == 0.0);
    }
    in.residual.set(17, std::nan(""));
    CHECK(std::isnan(run(Device::cuda, in, {}).y.at(17)));
  }
}

TEST_CASE("cuda: batch_norm's running statistics, dweight, dbias, dx may each be absent") {
  if (skip_without_device()) return;
  const Inputs in = inputs({600, 19}, DType::f32);
  const Run all = run(Device::cuda, in, {.relu = false});
  Context context(Device::cuda);
  context.reserve_workspace(batch_norm_workspace_bytes({600, 19}));
  const HostTensor vector({19}, DType::f32), image({600, 19}, DType::f32);
  const DeviceTensor x(context, in.x), dy(context, in.dy), weight(context, in.weight),
      mean(context, vector), inv_std(context, vector), sum_dy(context, vector),
      sum_dy_xhat(context, vector), dweight(context, vector), dbias(context, vector),
      dx(context, image), dresidual(context, image);
  batch_norm_statistics(context, {.x = x, .mean = mean, .inv_std = inv_std});
  CHECK(mean.download().bits_equal(all.mean));
  CHECK(inv_std.download().bits_equal(all.inv_std));
  BatchNormBackwardReduceArgs reduce{.x = x,
                                     .mean = mean,
                                     .inv_std = inv_std,
                                     .dy = dy,
                                     .sum_dy = sum_dy,
                                     .sum_dy_xhat = sum_dy_xhat,
                                     .dweight = {dweight}};
  batch_norm_backward_reduce(context, reduce);
  reduce.dweight = {};
  reduce.dbias = {dbias};
  batch_norm_backward_reduce(context, reduce);
  CHECK(dweight.download().bits_equal(all.dweight));
  CHECK(dbias.download().bits_equal(all.dbias));
  BatchNormBackwardApplyArgs apply{.x = x,
                                   .mean = mean,
                                   .inv_std = inv_std,
                                   .weight = weight,
                                   .dy = dy,
                                   .sum_dy = sum_dy,
                                   .sum_dy_xhat = sum_dy_xhat,
                                   .dx = {dx}};
  batch_norm_backward_apply(context, apply);
  apply.dx = {};
  apply.dresidual = {dresidual};
  batch_norm_backward_apply(context, apply);
  CHECK(dx.download().bits_equal(all.dx));
  CHECK(dresidual.download().bits_equal(all.dresidual));
}

}  // namespace lanet::test
