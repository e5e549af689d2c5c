#include "tests/kernels/batch_norm_run.h"

namespace lanet::test {
TEST_CASE("batch_norm: gradients agree with central differences, and 1.01 of them do not") {
  for (const auto& c : kBatchNormCases) {
    if (c.rows * c.channels > 400) continue;
    for (const BatchNormOptions o :
         {BatchNormOptions{}, BatchNormOptions{.added = Added::nothing},
          BatchNormOptions{.added = Added::nothing, .find_y = true},
          BatchNormOptions{.relu = false}, BatchNormOptions{.added = Added::second}}) {
      CAPTURE(c.rows);
      CAPTURE(c.channels);
      CAPTURE(o.relu);
      CAPTURE(static_cast<int>(o.added));
      BatchNormTensors in(c, DType::f64, o);
      const NormRun r = run_batch_norm(Device::cpu, in);
      const auto loss = [&] { return dot(run_batch_norm(Device::cpu, in).y, in.dy); };
      const auto check = [&](OwnedTensor& x, const OwnedTensor& gradient) {
        CHECK(gradient_error(x, gradient, loss) < 1e-6);
        CHECK(gradient_error(x, gradient.scaled(1.01), loss) > 5e-3);
      };
      const auto check_image = [&](BatchNormImage& image, const BatchNormImage& its) {
        if (c.rows > 1) {  // of one row x̂ is 0
          check(image.x, its.dx);
          check(image.weight, its.dweight);
        }
        check(image.bias, its.dbias);
      };
      check_image(in.first, r.first);
      if (o.added == Added::second) check_image(in.second, r.second);
      if (o.added == Added::residual) check(in.residual, r.dresidual);
    }
  }
}

TEST_CASE("batch_norm: f32 and bf16 follow the double definition, set and added, twice the same") {
  for (const DType dtype : {DType::f32, DType::bf16}) {
    for (const auto& c : kBatchNormCases) {
      if (c.bench || c.rows == 1) continue;
      for (const bool relu : {true, false}) {
        for (const Added added : {Added::nothing, Added::residual, Added::second}) {
          const bool add = relu == (added == Added::residual);
          check_batch_norm(Device::cpu, c, dtype,
                           {.relu = relu, .added = added, .add_first = add, .add_second = add});
        }
      }
    }
  }
}

TEST_CASE("batch_norm: an odd number of channels may have many rows") {
  for (const DType dtype : {DType::f32, DType::bf16})
    check_batch_norm(Device::cpu, {11'000, 3}, dtype, {.added = Added::second});
}

TEST_CASE("batch_norm: y found anew gives the same bits as y kept, and a group those of each") {
  for (const DType dtype : {DType::f32, DType::bf16, DType::f64}) {
    for (const auto& c : kBatchNormCases) {
      if (c.bench || c.rows == 1) continue;
      check_found_y(Device::cpu, c, dtype);
      check_group(Device::cpu, c, dtype, {.added = Added::second});
    }
  }
}

TEST_CASE("batch_norm: the number of threads changes no bit") {
  const int threads = Context().threads();
  for (const DType dtype : {DType::f32, DType::bf16, DType::f64}) {
    for (const auto& c : kBatchNormCases) {
      if (c.bench) continue;
      for (const Added added : {Added::residual, Added::second}) {
        const BatchNormTensors in(c, dtype, {.added = added});
        CHECK(run_batch_norm(Device::cpu, in, 0, 1)
                  .bits_equal(run_batch_norm(Device::cpu, in, 0, 3)));
      }
    }
  }
  Context restored(Device::cpu, threads);
}

TEST_CASE("batch_norm: statistics hold where the mean is far larger than the deviation") {
  check_far_mean(Device::cpu);
}

TEST_CASE("batch_norm: one row gives its bias up to rounding, and its variance is 0") {
  for (const DType dtype : {DType::f32, DType::f64}) check_one_row(Device::cpu, dtype);
}

TEST_CASE("batch_norm: y = 0 is cut off") {
  for (const DType dtype : {DType::f32, DType::bf16, DType::f64})
    check_cut_off(Device::cpu, {40, 5}, dtype);
}

TEST_CASE("batch_norm: running statistics may be absent, but not one of them; y is not x") {
  Context context;
  OwnedTensor x = OwnedTensor::random({6, 2}, DType::f32, 1);
  OwnedTensor mean({2}, DType::f32), inv_std({2}, DType::f32), running({2}, DType::f32);
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
