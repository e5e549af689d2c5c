// The CUDA kernel of label_bank_store, from the CPU tests' cases.
#include "tests/kernels/label_bank_run.h"

namespace lanet::test {

TEST_CASE("cuda: label_bank: a row is that of the last position with its sample, or what it was") {
  if (skip_without_device()) return;
  check_label_bank_cases(Device::cuda);
}

TEST_CASE("cuda: label_bank: of a sample that comes again the last position's row stays") {
  if (skip_without_device()) return;
  check_label_bank_repeats(Device::cuda);
}

}  // namespace lanet::test
