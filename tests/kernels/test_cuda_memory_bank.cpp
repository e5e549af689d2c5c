// The CUDA kernels of memory_bank_enqueue against the definition, from the CPU tests' cases. They
// only copy and round, so every bit is compared.
#include "kernels/memory_bank.h"
#include "kernels/memory_bank_cases.h"
#include "kernels/memory_bank_ref.h"
#include "tests/device_test.h"

namespace lanet::test {
namespace {

struct Bank {
  OwnedTensor expression, landmark, labels, pointer;

  bool bits_equal(const Bank& other) const {
    return expression.bits_equal(other.expression) && landmark.bits_equal(other.landmark) &&
           labels.bits_equal(other.labels) && pointer.bits_equal(other.pointer);
  }
};

Bank full_bank(const MemoryBankCase& c, DType dtype) {
  Bank bank{OwnedTensor::random({c.rows, c.width}, dtype, 1),
            OwnedTensor::random({c.rows, c.width}, dtype, 2), OwnedTensor({c.rows}, DType::i32),
            OwnedTensor({1}, DType::i32)};
  bank.labels.fill([](int64_t) { return -99; });
  bank.pointer.set(0, static_cast<double>(c.rows / 2));
  return bank;
}

struct Keys {
  OwnedTensor expression, landmark, labels;
};

Keys keys_of_step(const MemoryBankCase& c, DType dtype, int step) {
  Keys keys{OwnedTensor::random({c.batch, c.width}, dtype, 100 + step),
            OwnedTensor::random({c.batch, c.width}, dtype, 200 + step),
            OwnedTensor({c.batch}, DType::i32)};
  keys.labels.fill([&](int64_t i) { return static_cast<double>(step * 1000 + i); });
  return keys;
}

constexpr int kSteps = 5;  // the ring wraps in every case

Bank enqueue_on_device(const MemoryBankCase& c, DType dtype, DType bank_dtype) {
  Context context(Device::cuda);
  const Bank start = full_bank(c, bank_dtype);
  const OwnedTensor expression(context, start.expression), landmark(context, start.landmark),
      labels(context, start.labels), pointer(context, start.pointer);
  for (int step = 0; step < kSteps; ++step) {
    const Keys keys = keys_of_step(c, dtype, step);
    const OwnedTensor key_expression(context, keys.expression),
        key_landmark(context, keys.landmark), key_labels(context, keys.labels);
    memory_bank_enqueue(context, {.keys_expression = key_expression,
                                  .keys_landmark = key_landmark,
                                  .labels = key_labels,
                                  .bank_expression = expression,
                                  .bank_landmark = landmark,
                                  .bank_labels = labels,
                                  .pointer = pointer});
    context.synchronize();
  }
  return {expression.download(), landmark.download(), labels.download(), pointer.download()};
}

template <typename T, typename B>
Bank enqueue_by_definition(const MemoryBankCase& c) {
  Bank bank = full_bank(c, dtype_of<B>());
  for (int step = 0; step < kSteps; ++step) {
    const Keys keys = keys_of_step(c, dtype_of<T>(), step);
    memory_bank_enqueue_ref<T, B>({.keys_expression = keys.expression,
                                   .keys_landmark = keys.landmark,
                                   .labels = keys.labels,
                                   .bank_expression = bank.expression,
                                   .bank_landmark = bank.landmark,
                                   .bank_labels = bank.labels,
                                   .pointer = bank.pointer});
  }
  return bank;
}

template <typename T, typename B>
void check_bank() {
  for (const auto& c : kMemoryBankCases) {
    if (c.bench) continue;
    CAPTURE(c.rows);
    CAPTURE(c.width);
    const Bank fast = enqueue_on_device(c, dtype_of<T>(), dtype_of<B>());
    CHECK(fast.bits_equal(enqueue_by_definition<T, B>(c)));
  }
}

}  // namespace

TEST_CASE("cuda: memory_bank_enqueue over several steps leaves the bits of the definition") {
  if (skip_without_device()) return;
  check_bank<float, float>();
  check_bank<float, bfloat16>();
  check_bank<bfloat16, bfloat16>();
  check_bank<double, double>();
  check_bank<double, bfloat16>();
}

}  // namespace lanet::test
