// Sizes for the test and the benchmark of label_bank_store.
#pragma once

#include <cstdint>

namespace lanet {

struct LabelBankCase {
  int64_t n, classes, samples;
  bool bench = false;
};
inline constexpr LabelBankCase kLabelBankCases[] = {
    {1, 1, 1}, {9, 7, 20}, {70, 33, 40}, {128, 7, 12271, true}, {1024, 7, 12271, true}};

}  // namespace lanet
