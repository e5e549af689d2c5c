#include "kernels/lateral_product.h"

#include "tests/kernels/lateral_product_run.h"

namespace lanet::test {
namespace {

/// Σ of the expansion times `across`: its gradients are the other two products.
double expanded(const LateralMatrices& in) {
  const auto out = run_laterals(LateralBy::cpu, in, DType::f64, DType::f64);
  double sum = 0;
  for (int i = 0; i < 4; ++i) sum += dot(out.across[i], in.across[i]);
  return sum;
}

}  // namespace

TEST_CASE("lateral_product: the products are each other's gradients, and 1.01 of them are not") {
  for (const auto& c : kLateralCases) {
    if (c.bench || c.rows > 3) continue;
    LateralMatrices in(c, 1);
    in.one = in.one.cast(DType::f64);
    const auto out = run_laterals(LateralBy::cpu, in, DType::f64, DType::f64);
    auto check = [&](OwnedTensor& x, const OwnedTensor& gradient) {
      x = x.cast(DType::f64);
      CHECK(gradient_error(x, gradient, [&] { return expanded(in); }) < 1e-8);
      CHECK(gradient_error(x, gradient.scaled(1.01), [&] { return expanded(in); }) > 5e-3);
    };
    check(in.one, out.one);
    for (int i = 0; i < 4; ++i) {
      check(in.lateral[i], out.lateral[i]);
      check(in.across[i], out.across[i]);
    }
  }
}

TEST_CASE("lateral_product: f32 and bf16 output follow the double definition, set and added") {
  for (const auto& c : kLateralCases) check_laterals(LateralBy::cpu, c);
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
