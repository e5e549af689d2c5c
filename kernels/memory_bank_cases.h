// Sizes and tensors for the tests and the benchmark of memory_bank_enqueue.
#pragma once

#include "core/owned_tensor.h"
#include "kernels/memory_bank.h"

namespace lanet {

struct MemoryBankCase {
  int64_t batch, rows, width;
  bool bench = false;
};
inline constexpr MemoryBankCase kMemoryBankCases[] = {
    {1, 1, 1}, {3, 7, 3}, {4, 6, 33}, {128, 8192, 64, true}, {128, 8192, 256, true}};

/// What it reads and writes.
struct MemoryBankTensors {
  MemoryBankCase size;
  OwnedTensor keys_expression, keys_landmark, labels;
  OwnedTensor bank_expression, bank_landmark, bank_labels, pointer;

  MemoryBankTensors(const MemoryBankCase& c, DType dtype, DType bank_dtype, int64_t next_row,
                    Context& context = host_context())
      : size(c) {
    const Shape bank{c.rows, c.width};
    set_keys(0, dtype, context);
    bank_expression = OwnedTensor::random(context, bank, bank_dtype, 1);
    bank_landmark = OwnedTensor::random(context, bank, bank_dtype, 2);
    bank_labels = OwnedTensor(context, {c.rows}, DType::i32, [](int64_t) { return -99; });
    pointer = OwnedTensor(context, {1}, DType::i32, [&](int64_t) { return next_row; });
  }
  /// The keys of step 0, 1, …, with a label for each of all steps.
  void set_keys(uint32_t step, DType dtype, Context& context = host_context()) {
    const Shape keys{size.batch, size.width};
    keys_expression = OwnedTensor::random(context, keys, dtype, 100 + step);
    keys_landmark = OwnedTensor::random(context, keys, dtype, 200 + step);
    labels = OwnedTensor(context, {size.batch}, DType::i32,
                         [&](int64_t i) { return step * size.batch + i; });
  }
  std::vector<OwnedTensor*> all() {
    return {&keys_expression, &keys_landmark, &labels, &bank_expression,
            &bank_landmark,   &bank_labels,   &pointer};
  }
  EnqueueArgs args() const {
    return {.keys_expression = keys_expression,
            .keys_landmark = keys_landmark,
            .labels = labels,
            .bank_expression = bank_expression,
            .bank_landmark = bank_landmark,
            .bank_labels = bank_labels,
            .pointer = pointer};
  }
};

}  // namespace lanet
