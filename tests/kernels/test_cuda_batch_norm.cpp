// The CUDA kernels of batch_norm against the definition in double, from the CPU tests' cases.
#include "tests/kernels/batch_norm_run.h"

namespace lanet::test {
namespace {

/// Strips of 128 rows that an image is divided into at most.
constexpr int64_t kMostStrips = 792;

/// With packs of channels and without.
constexpr BatchNormCase kBothWidths[] = {{40, 16}, {9, 33}};

}  // namespace

TEST_CASE("cuda: batch_norm follows the double definition, set and added, twice the same") {
  if (skip_without_device()) return;
  for (const DType dtype : {DType::f32, DType::bf16, DType::f64}) {
    const auto check = [&](const BatchNormCase& c, const BatchNormOptions& o, int64_t shift = 0) {
      check_batch_norm(Device::cuda, c, dtype, o, shift);
    };
    for (const auto& c : kBatchNormCases) {
      if (c.bench || c.rows == 1) continue;
      check(c, {});
      check(c, {.relu = false, .added = Added::nothing, .add_first = true, .add_second = true});
    }
    check({40, 16}, {.added = Added::nothing, .add_first = true});
    check({40, 16}, {.relu = false, .add_second = true});
    check({40, 16}, {.add_first = true}, /*shift=*/1);
  }
}

TEST_CASE("cuda: batch_norm adds a second normalised image, and y is found anew bit for bit") {
  if (skip_without_device()) return;
  for (const DType dtype : {DType::f32, DType::bf16, DType::f64}) {
    for (const BatchNormCase& c : kBothWidths) {
      check_batch_norm(Device::cuda, c, dtype, {.added = Added::second});
      check_batch_norm(
          Device::cuda, c, dtype,
          {.relu = false, .added = Added::second, .add_first = true, .add_second = true});
      check_found_y(Device::cuda, c, dtype);
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
  check_batch_norm(Device::cuda, {102'000, 1}, DType::f32, {});
  check_batch_norm(Device::cuda, {kMostStrips * 128, 1}, DType::f32, {});
}

TEST_CASE("cuda: batch_norm statistics hold where the mean is far larger than the deviation") {
  if (skip_without_device()) return;
  check_far_mean(Device::cuda);
}

TEST_CASE("cuda: batch_norm of one row gives its bias up to rounding, and its variance is 0") {
  if (skip_without_device()) return;
  for (const DType dtype : {DType::f32, DType::f64}) check_one_row(Device::cuda, dtype);
}

TEST_CASE("cuda: batch_norm cuts off y = 0, and keeps NaN") {
  if (skip_without_device()) return;
  for (const DType dtype : {DType::f32, DType::bf16, DType::f64}) {
    check_cut_off(Device::cuda, {40, 8}, dtype);
    BatchNormTensors in({40, 8}, dtype, {});
    in.residual.set(17, std::nan(""));
    CHECK(std::isnan(run_batch_norm(Device::cuda, in).y.at(17)));
  }
}

TEST_CASE("cuda: batch_norm's running statistics, dweight, dbias, dx may each be absent") {
  if (skip_without_device()) return;
  const BatchNormTensors in({600, 19}, DType::f32, {.relu = false});
  const NormRun all = run_batch_norm(Device::cuda, in);
  Context context(Device::cuda);
  context.reserve_workspace(batch_norm_workspace_bytes({600, 19}));
  const BatchNormTensors t = upload_all(context, in);
  batch_norm_statistics(context,
                        {.x = t.first.x, .mean = t.first.mean, .inv_std = t.first.inv_std});
  CHECK(t.first.mean.download().bits_equal(all.first.mean));
  CHECK(t.first.inv_std.download().bits_equal(all.first.inv_std));
  BatchNormBackwardReduceArgs reduce = t.reduce();
  reduce.dbias = {};
  batch_norm_backward_reduce(context, reduce);
  reduce.dweight = {};
  reduce.dbias = {t.first.dbias};
  batch_norm_backward_reduce(context, reduce);
  CHECK(t.first.dweight.download().bits_equal(all.first.dweight));
  CHECK(t.first.dbias.download().bits_equal(all.first.dbias));
  BatchNormBackwardApplyArgs apply = t.backward_apply();
  apply.dresidual = {};
  batch_norm_backward_apply(context, apply);
  apply.dx = {};
  apply.dresidual = {t.dresidual};
  batch_norm_backward_apply(context, apply);
  CHECK(t.first.dx.download().bits_equal(all.first.dx));
  CHECK(t.dresidual.download().bits_equal(all.dresidual));
}

}  // namespace lanet::test
