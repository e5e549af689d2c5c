// The CUDA kernels of memory_bank_enqueue against the definition, from the CPU tests' cases. They
// only copy and round, so every bit is compared.
#include "kernels/memory_bank_cases.h"
#include "kernels/memory_bank_ref.h"
#include "tests/device_test.h"

namespace lanet::test {
namespace {

constexpr int kSteps = 5;  // the ring wraps in every case

template <typename T, typename B>
void check_bank() {
  for (const auto& c : kMemoryBankCases) {
    if (c.bench) continue;
    CAPTURE(c.rows);
    CAPTURE(c.width);
    Context context(Device::cuda);
    MemoryBankTensors exact(c, dtype_of<T>(), dtype_of<B>(), c.rows / 2),
        fast = upload_all(context, exact);
    for (int step = 0; step < kSteps; ++step) {
      exact.set_keys(step, dtype_of<T>());
      fast.set_keys(step, dtype_of<T>(), context);
      memory_bank_enqueue_ref<T, B>(exact.args());
      memory_bank_enqueue(context, fast.args());
      context.synchronize();
    }
    fast = download_all(std::move(fast));
    for (size_t i = 0; i < exact.all().size(); ++i) {
      CAPTURE(i);
      CHECK(fast.all()[i]->bits_equal(*exact.all()[i]));
    }
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
