// The CUDA kernels of batch_norm against the definition in double, from the CPU tests' cases.
#include "tests/kernels/batch_norm_run.h"

namespace lanet::test {
namespace {

NormCaseRun run(const NormCaseInputs& in, const NormOptions& o) {
  return run_batch_norm(Device::cuda, in, o);
}

/// Strips of 128 rows that an image is divided into at most.
constexpr int64_t kMostStrips = 792;

/// With packs of channels and without.
constexpr BatchNormCase kBothWidths[] = {{40, 16}, {9, 33}};

}  // namespace

TEST_CASE("cuda: batch_norm follows the double definition, set and added, twice the same") {
  if (skip_without_device()) return;
  const auto check = [](const NormCaseInputs& in, const NormOptions& o) {
    check_batch_norm(Device::cuda, in, o);
  };
  for (const DType dtype : {DType::f32, DType::bf16, DType::f64}) {
    for (const auto& c : kBatchNormCases) {
      if (c.bench || c.rows == 1) continue;
      const NormCaseInputs in(c, dtype);
      check(in, {});
      check(in, {.relu = false, .added = Added::nothing, .add_first = true, .add_second = true});
    }
    const NormCaseInputs in({40, 16}, dtype);
    check(in, {.added = Added::nothing, .add_first = true});
    check(in, {.relu = false, .add_second = true});
    check(in, {.add_first = true, .shift = 1});
  }
}

TEST_CASE("cuda: batch_norm adds a second normalised image, and y is found anew bit for bit") {
  if (skip_without_device()) return;
  for (const DType dtype : {DType::f32, DType::bf16, DType::f64}) {
    for (const BatchNormCase& c : kBothWidths) {
      const NormCaseInputs in(c, dtype);
      check_batch_norm(Device::cuda, in, {.added = Added::second});
      check_batch_norm(
          Device::cuda, in,
          {.relu = false, .added = Added::second, .add_first = true, .add_second = true});
      check_found_y(Device::cuda, in);
    }
  }
}

TEST_CASE("cuda: batch_norm gives each member of a group the bits that it has by itself") {
  if (skip_without_device()) return;
  for (const BatchNormCase& c : kBothWidths) {
    check_group(Device::cuda, c, DType::bf16, {});
    check_group(Device::cuda, c, DType::f32, {.added = Added::second});
  }
}

TEST_CASE("cuda: batch_norm of more strips than threads join at once, and longer ones") {
  if (skip_without_device()) return;
  check_batch_norm(Device::cuda, NormCaseInputs({102'000, 1}, DType::f32), {});
  check_batch_norm(Device::cuda, NormCaseInputs({kMostStrips * 128, 1}, DType::f32), {});
}

TEST_CASE("cuda: batch_norm statistics hold where the mean is far larger than the deviation") {
  if (skip_without_device()) return;
  const BatchNormCase c{3000, 20};
  NormCaseInputs in(c, DType::f32);
  in.first.x.fill([copy = in.first.x](int64_t i) { return 3000 + copy.at(i); });
  const NormRun fast = run(in, {}).first,
                exact = run_batch_norm(Device::cpu, in.cast(DType::f64), {}).first;
  CHECK(relative_error(fast.mean, exact.mean) < rounding_bound(DType::f32, 1, 1));
  CHECK(relative_error(fast.inv_std, exact.inv_std) < rounding_bound(DType::f32, c.rows, 1));
}

TEST_CASE("cuda: batch_norm of one row gives its bias up to rounding, and its variance is 0") {
  if (skip_without_device()) return;
  for (const DType dtype : {DType::f32, DType::f64})
    check_one_row(Device::cuda, NormCaseInputs({1, 3}, dtype));
}

TEST_CASE("cuda: batch_norm cuts off y = 0, and keeps NaN") {
  if (skip_without_device()) return;
  for (const DType dtype : {DType::f32, DType::bf16, DType::f64}) {
    NormCaseInputs in({40, 8}, dtype);
    check_cut_off(Device::cuda, in);
    in.residual.set(17, std::nan(""));
    CHECK(std::isnan(run(in, {}).y.at(17)));
  }
}

TEST_CASE("cuda: batch_norm's running statistics, dweight, dbias, dx may each be absent") {
  if (skip_without_device()) return;
  const NormCaseInputs in({600, 19}, DType::f32);
  const NormCaseRun all = run(in, {.relu = false});
  Context context(Device::cuda);
  context.reserve_workspace(batch_norm_workspace_bytes({600, 19}));
  const OwnedTensor vector({19}, DType::f32), image({600, 19}, DType::f32);
  const OwnedTensor x(context, in.first.x), dy(context, in.dy), weight(context, in.first.weight),
      mean(context, vector), inv_std(context, vector), sum_dy(context, vector),
      sum_dy_xhat(context, vector), dweight(context, vector), dbias(context, vector),
      dx(context, image), dresidual(context, image);
  batch_norm_statistics(context, {.x = x, .mean = mean, .inv_std = inv_std});
  CHECK(mean.download().bits_equal(all.first.mean));
  CHECK(inv_std.download().bits_equal(all.first.inv_std));
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
  CHECK(dweight.download().bits_equal(all.first.dweight));
  CHECK(dbias.download().bits_equal(all.first.dbias));
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
  CHECK(dx.download().bits_equal(all.first.dx));
  CHECK(dresidual.download().bits_equal(all.dresidual));
}

}  // namespace lanet::test
