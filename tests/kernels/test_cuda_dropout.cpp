// The CUDA kernel of dropout against the definition in double, from the CPU tests' cases.
#include "tests/kernels/dropout_run.h"

namespace lanet::test {

TEST_CASE("cuda: dropout follows the double definition, set and added, with the CPU's masks") {
  if (skip_without_device()) return;
  for (const DType dtype : {DType::f32, DType::bf16, DType::f64})
    check_dropout_cases(Device::cuda, dtype);
}

TEST_CASE("cuda: dropout: the mask is that of the named stream, another by seed, step and layer") {
  if (skip_without_device()) return;
  check_dropout_stream(Device::cuda);
  check_dropout_keys(Device::cuda);
}

TEST_CASE("cuda: dropout: rates of 0 and next to 1, and NaN") {
  if (skip_without_device()) return;
  for (const DType dtype : {DType::f32, DType::bf16, DType::f64})
    check_dropout_extremes(Device::cuda, dtype);
}

}  // namespace lanet::test
