// The CUDA kernels of upsample_2x against the definition in double, from the CPU tests' cases.
#include "tests/kernels/upsample_run.h"

namespace lanet::test {

TEST_CASE("cuda: upsample_2x follows the double definition, set and added, twice the same") {
  if (skip_without_device()) return;
  for (const DType dtype : {DType::f32, DType::bf16, DType::f64})
    check_upsample(Device::cuda, dtype);
}

TEST_CASE("cuda: upsample_2x repeats borders, its weights are quarters, y may be the addend") {
  if (skip_without_device()) return;
  check_upsample_borders(Device::cuda);
}

}  // namespace lanet::test
