#include "tests/kernels/upsample_run.h"

namespace lanet::test {

TEST_CASE("upsample_2x: gradient agrees with central differences, and 1.01 of it does not") {
  for (const auto& c : kUpsampleCases) {
    if (c.batch * c.height * c.width * c.channels > 500) continue;
    CAPTURE(c.height);
    UpsampleTensors in(c, DType::f64);
    in.addend = {};
    in.dy = OwnedTensor::random(in.dy.shape(), DType::f64, 2);
    const auto dx = run(Device::cpu, in).dx;
    const auto loss = [&] { return dot(run(Device::cpu, in).y, in.dy); };
    CHECK(gradient_error(in.x, dx, loss) < 1e-8);
    CHECK(gradient_error(in.x, dx.scaled(1.01), loss) > 5e-3);
  }
}

TEST_CASE("upsample_2x: f32 and bf16 follow the double definition, set and added, twice the same") {
  for (const DType dtype : {DType::f32, DType::bf16}) check_upsample(Device::cpu, dtype);
}

TEST_CASE("upsample_2x: borders repeat, weights are quarters, y may be the addend") {
  check_upsample_borders(Device::cpu);
}

TEST_CASE("upsample_2x: a wrong shape is named") {
  Context context;
  OwnedTensor x({1, 2, 2, 1}, DType::f32), y({1, 4, 3, 1}, DType::f32);
  CHECK_THROWS_WITH_AS(upsample_2x(context, {.x = x, .y = y}),
                       doctest::Contains("y is f32 [1, 4, 3, 1]; expected f32 [1, 4, 4, 1]"),
                       Error);
}

}  // namespace lanet::test
