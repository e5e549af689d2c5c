// What the tests of label_bank_store on every device compute with. Rows are copied, so every bit is
// compared.
#pragma once

#include "kernels/label_bank_cases.h"
#include "tests/device_test.h"

namespace lanet::test {

/// The bank after the store.
inline OwnedTensor run_label_bank_store(Device device, const LabelBankTensors& in) {
  Context context(device);
  const LabelBankTensors t = upload_all(context, in);
  label_bank_store(context, t.args());
  return t.bank.download();
}

/// Each row of the bank is that of the last position with its sample, or what it was.
inline void check_label_bank(Device device, const LabelBankTensors& in) {
  const OwnedTensor after = run_label_bank_store(device, in);
  const int64_t classes = in.bank.shape()[1];
  for (int64_t e = 0; e < in.bank.elements(); ++e) {
    int64_t last = -1;
    for (int64_t i = 0; i < in.samples.elements(); ++i)
      if (in.samples.at(i) == static_cast<double>(e / classes)) last = i;
    CAPTURE(e);
    CHECK(after.at(e) == (last < 0 ? in.bank.at(e) : in.target.at(last * classes + e % classes)));
  }
  CHECK(run_label_bank_store(device, in).bits_equal(after));
}

inline void check_label_bank_cases(Device device) {
  for (const DType dtype : {DType::f32, DType::f64}) {
    for (const auto& c : kLabelBankCases) {
      if (c.bench) continue;
      CAPTURE(to_string(dtype));
      CAPTURE(c.n);
      check_label_bank(device, LabelBankTensors(c, dtype));
    }
  }
}

/// A sample comes next to itself, a few and many positions later, and as the last of all; then
/// every position has the same one.
inline void check_label_bank_repeats(Device device) {
  for (const DType dtype : {DType::f32, DType::f64}) {
    LabelBankTensors in({70, 7, 200}, dtype);
    for (const int64_t i : {3, 9, 64, 69}) in.samples.set(i, in.samples.at(2));
    in.samples.set(41, in.samples.at(8));
    check_label_bank(device, in);
    in.samples.fill([](int64_t) { return 5; });
    check_label_bank(device, in);
  }
}

}  // namespace lanet::test
