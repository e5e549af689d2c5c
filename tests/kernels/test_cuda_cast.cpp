// The CUDA kernel of cast: each element as the host rounds it, from the CPU tests' cases.
#include "kernels/cast.h"
#include "kernels/cast_cases.h"
#include "tests/device_test.h"

namespace lanet::test {

TEST_CASE("cuda: cast rounds every element once, between all dtypes, wherever the tensors start") {
  if (skip_without_device()) return;
  constexpr DType kDTypes[] = {DType::f32, DType::bf16, DType::f64};
  for (const DType from : kDTypes) {
    for (const DType to : kDTypes) {
      for (const auto& c : kCastCases) {
        if (c.bench) continue;
        for (const int64_t shift : {0, 1}) {
          CAPTURE(to_string(from));
          CAPTURE(to_string(to));
          CAPTURE(c.elements);
          CAPTURE(shift);
          Context context(Device::cuda);
          OwnedTensor host({c.elements}, from);
          host.fill([](int64_t i) { return std::sin(1.0 + static_cast<double>(i)); });
          const OwnedTensor x(context, host), y(context, OwnedTensor({c.elements}, to), shift);
          cast(context, {.from = x, .to = y});
          CHECK(y.download().bits_equal(host.cast(to)));
        }
      }
    }
  }
}

TEST_CASE("cuda: cast to bf16 rounds to nearest, ties to even, and f64 to f32 on the way") {
  if (skip_without_device()) return;
  Context context(Device::cuda);
  // The last: just above a tie, which it becomes as f32.
  const double values[] = {1 + 0x1p-8, 1 + 0x3p-8, 1 + 0x1.02p-8, 1 + 0x1p-8 + 0x1p-40};
  const double expected[] = {1, 1 + 0x4p-8, 1 + 0x2p-8, 1};
  for (const DType from : {DType::f32, DType::f64}) {
    OwnedTensor host({4}, from);
    host.fill([&](int64_t i) { return values[i]; });
    const OwnedTensor x(context, host), y(context, OwnedTensor({4}, DType::bf16));
    cast(context, {.from = x, .to = y});
    const OwnedTensor rounded = y.download();
    for (int64_t i = 0; i < 4; ++i) CHECK(rounded.at(i) == expected[i]);
  }
}

}  // namespace lanet::test
