#include "tests/kernels/linear_run.h"

namespace lanet::test {

TEST_CASE("linear: gradients agree with central differences, and 1.01 of them do not") {
  for (const auto& c : kLinearCases) {
    if (c.bench) continue;
    LinearTensors in(c, DType::f64);
    const LinearTensors out = run_linear(Device::cpu, in);
    auto loss = [&] { return dot(run_linear(Device::cpu, in).y, in.dy); };
    auto check = [&](OwnedTensor& x, const OwnedTensor& gradient) {
      CHECK(gradient_error(x, gradient, loss) < 1e-8);
      CHECK(gradient_error(x, gradient.scaled(1.01), loss) > 5e-3);
    };
    CAPTURE(c.in);
    check(in.x, out.dx);
    check(in.weight, out.dweight);
    if (c.bias) check(in.bias, out.dbias);
  }
}

TEST_CASE("linear: every dtype follows the double definition, set and added, twice the same") {
  for (const DType dtype : {DType::f32, DType::bf16, DType::f64}) {
    for (const auto& c : kLinearCases) {
      if (c.bench && dtype != DType::f32) continue;
      for (const bool add : {false, true}) check_linear(Device::cpu, c, dtype, {add, add, add}, 1);
    }
  }
}

TEST_CASE("linear: where the output is exactly 0 the ReLU lets no gradient through") {
  check_linear_cut_off(Device::cpu);
}

TEST_CASE("linear: needs workspace for the masked gradient alone") {
  CHECK(linear_backward_workspace_bytes({3, 5}, DType::f32, true) == 60);
  CHECK(linear_backward_workspace_bytes({3, 5}, DType::f32, false) == 0);
}

TEST_CASE("linear: a wrong shape is named") {
  Context context;
  OwnedTensor x({2, 3}, DType::f32), weight({5, 4}, DType::f32), y({2, 5}, DType::f32);
  CHECK_THROWS_WITH_AS(linear(context, {.x = x, .weight = weight, .y = y}),
                       doctest::Contains("weight is f32 [5, 4]; expected f32 [5, 3]"), Error);
}

}  // namespace lanet::test
