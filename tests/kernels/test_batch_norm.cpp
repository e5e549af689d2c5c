#include "tests/kernels/batch_norm_run.h"

namespace lanet::test {
namespace {

NormCaseRun run(const NormCaseInputs& in, const NormOptions& o, const OwnedTensor* mask = nullptr,
                int threads = 0) {
  return run_batch_norm(Device::cpu, in, o, mask, threads);
}

}  // namespace

TEST_CASE("batch_norm: gradients agree with central differences, and 1.01 of them do not") {
  for (const auto& c : kBatchNormCases) {
    if (c.rows * c.channels > 400) continue;
    for (const NormOptions o : {NormOptions{}, NormOptions{.added = Added::nothing},
                                NormOptions{.added = Added::nothing, .find_y = true},
                                NormOptions{.relu = false}, NormOptions{.added = Added::second}}) {
      CAPTURE(c.rows);
      CAPTURE(c.channels);
      CAPTURE(o.relu);
      CAPTURE(static_cast<int>(o.added));
      NormCaseInputs in(c, DType::f64);
      const NormCaseRun r = run(in, o);
      const auto loss = [&] { return dot(run(in, o).y, in.dy); };
      const auto check = [&](OwnedTensor& x, const OwnedTensor& gradient) {
        CHECK(gradient_error(x, gradient, loss) < 1e-6);
        CHECK(gradient_error(x, gradient.scaled(1.01), loss) > 5e-3);
      };
      const auto check_image = [&](NormInputs& image, const NormRun& its) {
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
      const NormCaseInputs in(c, dtype);
      for (const bool relu : {true, false}) {
        for (const Added added : {Added::nothing, Added::residual, Added::second}) {
          const bool add = relu == (added == Added::residual);
          check_batch_norm(Device::cpu, in,
                           {.relu = relu, .added = added, .add_first = add, .add_second = add});
        }
      }
    }
  }
}

TEST_CASE("batch_norm: an odd number of channels may have many rows") {
  for (const DType dtype : {DType::f32, DType::bf16})
    check_batch_norm(Device::cpu, NormCaseInputs({11'000, 3}, dtype), {.added = Added::second});
}

TEST_CASE("batch_norm: y found anew gives the same bits as y kept, and a group those of each") {
  for (const DType dtype : {DType::f32, DType::bf16, DType::f64}) {
    for (const auto& c : kBatchNormCases) {
      if (c.bench || c.rows == 1) continue;
      check_found_y(Device::cpu, NormCaseInputs(c, dtype));
      check_group(Device::cpu, c, dtype, {.added = Added::second});
    }
  }
}

TEST_CASE("batch_norm: the number of threads changes no bit") {
  const int threads = Context().threads();
  for (const DType dtype : {DType::f32, DType::bf16, DType::f64}) {
    for (const auto& c : kBatchNormCases) {
      if (c.bench) continue;
      const NormCaseInputs in(c, dtype);
      for (const Added added : {Added::residual, Added::second}) {
        const NormOptions o{.added = added};
        CHECK(run(in, o, nullptr, 1).bits_equal(run(in, o, nullptr, 3)));
      }
    }
  }
  Context restored(Device::cpu, threads);
}

TEST_CASE("batch_norm: statistics hold where the mean is far larger than the deviation") {
  const BatchNormCase c{3000, 20};
  NormCaseInputs in(c, DType::f32);
  in.first.x.fill([copy = in.first.x](int64_t i) { return 3000 + copy.at(i); });
  const NormRun fast = run(in, {}).first, exact = run(in.cast(DType::f64), {}).first;
  CHECK(relative_error(fast.mean, exact.mean) < rounding_bound(DType::f32, 1, 1));
  CHECK(relative_error(fast.inv_std, exact.inv_std) < rounding_bound(DType::f32, c.rows, 1));
}

TEST_CASE("batch_norm: one row gives its bias up to rounding, and its variance is 0") {
  for (const DType dtype : {DType::f32, DType::f64})
    check_one_row(Device::cpu, NormCaseInputs({1, 3}, dtype));
}

TEST_CASE("batch_norm: y = 0 is cut off") {
  for (const DType dtype : {DType::f32, DType::bf16, DType::f64})
    check_cut_off(Device::cpu, NormCaseInputs({40, 5}, dtype));
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
