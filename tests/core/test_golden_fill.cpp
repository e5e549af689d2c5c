#include "tests/golden.h"

namespace lanet::test {

TEST_CASE("golden_fill: gives the numbers of the published check") {
  const auto values = golden_fill("q/f_q.conv1.weight", 3, 0, 1);
  CHECK(values[0] == 0.5246007442474365);
  CHECK(values[1] == 0.23382282257080078);
  CHECK(values[2] == 0.9533514380455017);
}

TEST_CASE("golden_fill: every dtype holds the same numbers, rounded to it, inside its bounds") {
  const auto values = golden_fill("name", 35, -1.5, 2.5);
  for (const DType dtype : {DType::f32, DType::bf16, DType::f64}) {
    const auto tensor = golden_tensor("name", {5, 7}, dtype, -1.5, 2.5);
    CHECK(tensor.guards_intact());
    OwnedTensor exact({5, 7}, DType::f64);
    exact.fill([&](int64_t i) { return values[i]; });
    CHECK(tensor.bits_equal(exact.cast(dtype)));
  }
}

}  // namespace lanet::test
