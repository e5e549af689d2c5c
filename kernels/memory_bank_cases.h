// Sizes for the test and the benchmark of memory_bank_enqueue.
#pragma once

#include <cstdint>

namespace lanet {

struct MemoryBankCase {
  int64_t batch, rows, width;
  bool bench = false;
};
inline constexpr MemoryBankCase kMemoryBankCases[] = {
    {1, 1, 1}, {3, 7, 3}, {4, 6, 33}, {128, 8192, 64, true}, {128, 8192, 256, true}};

}  // namespace lanet
