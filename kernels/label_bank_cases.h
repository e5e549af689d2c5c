// Sizes and tensors for the tests and the benchmark of label_bank_store.
#pragma once

#include "core/owned_tensor.h"
#include "kernels/label_bank.h"

namespace lanet {

struct LabelBankCase {
  int64_t n, classes, samples;
  bool bench = false;
};
inline constexpr LabelBankCase kLabelBankCases[] = {
    {1, 1, 1}, {9, 7, 20}, {70, 33, 40}, {128, 7, 12271, true}, {1024, 7, 12271, true}};

/// What it reads, and the bank that it writes to.
struct LabelBankTensors {
  OwnedTensor target, samples, bank;

  LabelBankTensors(const LabelBankCase& c, DType dtype, Context& context = host_context())
      : target(OwnedTensor::random(context, {c.n, c.classes}, dtype, 1)),
        samples(context, {c.n}, DType::i32, [&](int64_t i) { return (3 * i + 1) % c.samples; }),
        bank(OwnedTensor::random(context, {c.samples, c.classes}, dtype, 2)) {}
  std::vector<OwnedTensor*> all() { return {&target, &samples, &bank}; }
  LabelBankStoreArgs args() const {
    return {.target = target, .sample_indices = samples, .bank = bank};
  }
};

}  // namespace lanet
