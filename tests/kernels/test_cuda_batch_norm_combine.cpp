// The CUDA kernel of batch_norm_combine against the statistics of the whole image and against the
// definition in double, from the CPU tests' cases.
#include "tests/kernels/batch_norm_combine_run.h"

namespace lanet::test {

TEST_CASE("cuda: batch_norm_combine finds the statistics of the whole image, twice the same") {
  if (skip_without_device()) return;
  for (const DType dtype : {DType::f32, DType::f64}) {
    for (const auto& c : kBatchNormCombineCases)
      if (!c.bench) check_combine(Device::cuda, c, dtype);
  }
}

TEST_CASE("cuda: batch_norm_combine follows the double definition") {
  if (skip_without_device()) return;
  for (const DType dtype : {DType::f32, DType::f64}) {
    for (const auto& c : kBatchNormCombineCases) {
      if (c.bench) continue;
      const CombineTensors in(c, dtype);
      const BatchNormCombineTensors fast = run_combine(Device::cuda, in),
                                    exact = run_combine(Device::cpu, in);
      const double bound = rounding_bound(dtype, 1, 2);
      CHECK(relative_error(fast.mean, exact.mean) < bound);
      CHECK(relative_error(fast.inv_std, exact.inv_std) < bound);
      CHECK(relative_error(fast.running_mean, exact.running_mean) < bound);
      CHECK(relative_error(fast.running_var, exact.running_var) < bound);
    }
  }
}

TEST_CASE("cuda: batch_norm_combine gives each member of a group the bits that it has by itself") {
  if (skip_without_device()) return;
  for (const DType dtype : {DType::f32, DType::f64})
    check_combine_group(Device::cuda, {3, 11, 131}, dtype, kMaxBatchNorms);
}

TEST_CASE("cuda: batch_norm_combine: one rank's statistics stay; running ones may be absent") {
  if (skip_without_device()) return;
  for (const DType dtype : {DType::f32, DType::f64}) {
    check_combine_one(Device::cuda, dtype);
    check_combine_untracked(Device::cuda, dtype);
  }
}

}  // namespace lanet::test
