#include "kernels/cast.h"
#include "kernels/cast_cases.h"
#include "tests/op_test.h"

namespace lanet::test {

TEST_CASE("cast: between all floating dtypes every element is rounded once") {
  Context context;
  for (const DType from : {DType::f32, DType::bf16, DType::f64}) {
    for (const DType to : {DType::f32, DType::bf16, DType::f64}) {
      for (const auto& c : kCastCases) {
        if (c.bench) continue;
        const auto x = OwnedTensor::random({c.elements}, from, 1);
        OwnedTensor y({c.elements}, to);
        cast(context, {.from = x, .to = y});
        CHECK(y.guards_intact());
        CHECK(y.bits_equal(x.cast(to)));
      }
    }
  }
}

TEST_CASE("cast: to bf16 rounds to nearest, ties to even") {
  Context context;
  OwnedTensor x({3}, DType::f32), y({3}, DType::bf16);
  x.fill([](int64_t i) { return i == 0 ? 1 + 0x1p-8 : i == 1 ? 1 + 0x3p-8 : 1 + 0x1.02p-8; });
  cast(context, {.from = x, .to = y});
  CHECK(y.at(0) == 1);
  CHECK(y.at(1) == 1 + 0x4p-8);
  CHECK(y.at(2) == 1 + 0x2p-8);
}

TEST_CASE("cast: shapes that differ are refused") {
  Context context;
  OwnedTensor x({3}, DType::f32), y({4}, DType::bf16);
  CHECK_THROWS_WITH_AS(cast(context, {.from = x, .to = y}), doctest::Contains("from [3] to [4]"),
                       Error);
}

}  // namespace lanet::test
