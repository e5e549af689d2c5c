#include "tests/kernels/lateral_product_run.h"

namespace lanet::test {

TEST_CASE("lateral_product: the products are each other's gradients, and 1.01 of them are not") {
  for (const auto& c : kLateralCases) {
    if (c.bench || c.rows > 3) continue;
    LateralProductTensors in(c, DType::f64, DType::f64);
    const LateralProductTensors out = run_laterals(Device::cpu, in);
    // The sum of the expansion times x: its gradients are the three products.
    const auto loss = [&] {
      const LateralProductTensors r = run_laterals(Device::cpu, in);
      double sum = 0;
      for (size_t i = 0; i < 4; ++i) sum += dot(r.y[i], in.x[i]);
      return sum;
    };
    const auto check = [&](OwnedTensor& x, const OwnedTensor& gradient) {
      CHECK(gradient_error(x, gradient, loss) < 1e-8);
      CHECK(gradient_error(x, gradient.scaled(1.01), loss) > 5e-3);
    };
    check(in.a, out.sum);
    for (size_t i = 0; i < 4; ++i) {
      check(in.lateral[i], out.dlateral[i]);
      check(in.x[i], out.y[i]);
    }
  }
}

TEST_CASE("lateral_product: f32 and bf16 output follow the double definition, set and added") {
  for (const auto& c : kLateralCases) check_laterals(Device::cpu, c);
}

TEST_CASE("lateral_product: a wrong output type is named") {
  Context context;
  const OwnedTensor a({2, 3}, DType::f64), lateral({3, 4}, DType::f64), y({2, 4}, DType::bf16);
  CHECK_THROWS_WITH_AS(
      lateral_expand(context, {.a = a,
                               .lateral = {lateral, lateral, lateral, lateral},
                               .y = {Gradient{y}, Gradient{y}, Gradient{y}, Gradient{y}}}),
      doctest::Contains("y is bf16 [2, 4]; expected f64 [2, 4]"), Error);
}

}  // namespace lanet::test
