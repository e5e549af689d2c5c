// The CUDA kernel of early_learning against the definition in double, from the CPU tests' cases.
#include "tests/kernels/early_learning_run.h"

namespace lanet::test {

TEST_CASE("cuda: early_learning follows the double definition, set and added") {
  if (skip_without_device()) return;
  for (const DType dtype : {DType::f32, DType::bf16, DType::f64})
    check_early_learning_cases(Device::cuda, dtype);
}

TEST_CASE("cuda: early_learning: clamped probabilities and NaN") {
  if (skip_without_device()) return;
  for (const DType dtype : {DType::f32, DType::bf16, DType::f64}) {
    CAPTURE(to_string(dtype));
    check_early_learning_clamped(Device::cuda, dtype);
    check_early_learning_partly_clamped(Device::cuda, dtype);
    check_early_learning_nan(Device::cuda, dtype);
  }
}

TEST_CASE("cuda: early_learning: without a gradient wanted, value and target are the same") {
  if (skip_without_device()) return;
  const EarlyLearningTensors in({5, 8, 20}, DType::f32);
  const EarlyLearningTensors all = run_early_learning(Device::cuda, in),
                             bare = run_early_learning(Device::cuda, in, 1, nullptr, false);
  CHECK(bare.loss.bits_equal(all.loss));
  CHECK(bare.target.bits_equal(all.target));
  CHECK(std::isnan(bare.dlogits.at(0)));
}

}  // namespace lanet::test
