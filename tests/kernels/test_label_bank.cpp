#include "tests/kernels/label_bank_run.h"

namespace lanet::test {

TEST_CASE("label_bank: a row is that of the last position with its sample, or what it was") {
  check_label_bank_cases(Device::cpu);
}

TEST_CASE("label_bank: of a sample that comes again the last position's row stays") {
  check_label_bank_repeats(Device::cpu);
}

TEST_CASE("label_bank: a sample out of range is named, and a bank of other classes refused") {
  LabelBankTensors in({9, 7, 20}, DType::f32);
  in.samples.set(4, 20);
  CHECK_THROWS_WITH_AS(run_label_bank_store(Device::cpu, in),
                       doctest::Contains("sample_indices[4] is 20; expected 0 to 19"), Error);
  in.samples.set(4, 0);
  in.bank = OwnedTensor({20, 6}, DType::f32);
  CHECK_THROWS_AS(run_label_bank_store(Device::cpu, in), Error);
}

}  // namespace lanet::test
