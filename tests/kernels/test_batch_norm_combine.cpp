#include "tests/kernels/batch_norm_combine_run.h"

namespace lanet::test {

TEST_CASE("batch_norm_combine: statistics of the parts become those of the whole image") {
  for (const DType dtype : {DType::f32, DType::f64}) {
    for (const auto& c : kBatchNormCombineCases)
      if (!c.bench) check_combine(Device::cpu, c, dtype);
  }
}

TEST_CASE("batch_norm_combine: a group gives each member the bits that it has by itself") {
  for (const DType dtype : {DType::f32, DType::f64})
    check_combine_group(Device::cpu, {3, 11, 131}, dtype, kMaxBatchNorms);
}

TEST_CASE("batch_norm_combine: one rank's statistics stay; running ones may be absent") {
  for (const DType dtype : {DType::f32, DType::f64}) {
    check_combine_one(Device::cpu, dtype);
    check_combine_untracked(Device::cpu, dtype);
  }
}

TEST_CASE("batch_norm_combine: no group, no rows, and one running statistic are refused") {
  Context context;
  const OwnedTensor means({2, 3}, DType::f32), vector({3}, DType::f32), shorter({2}, DType::f32);
  const BatchNormCombineArgs args{
      .means = means, .inv_stds = means, .rows = 4, .mean = vector, .inv_std = vector};
  const std::vector<BatchNormCombineArgs> many(kMaxBatchNorms + 1, args);
  CHECK_THROWS_WITH_AS(batch_norm_combine(context, many),
                       doctest::Contains("a group of 9; expected 1 to 8"), Error);
  CHECK_THROWS_AS(batch_norm_combine(context, std::span(many).first(0)), Error);
  BatchNormCombineArgs wrong = args;
  wrong.rows = 0;
  CHECK_THROWS_WITH_AS(batch_norm_combine(context, wrong), doctest::Contains("0 rows"), Error);
  wrong = args;
  wrong.running_mean = vector;
  CHECK_THROWS_WITH_AS(batch_norm_combine(context, wrong),
                       doctest::Contains("one of running_mean and running_var is absent"), Error);
  wrong = args;
  wrong.mean = shorter;
  CHECK_THROWS_AS(batch_norm_combine(context, wrong), Error);
}

}  // namespace lanet::test
