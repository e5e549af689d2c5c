#include "kernels/class_loss_cases.h"
#include "tests/op_test.h"

namespace lanet::test {
namespace {

using Tensors = KlDivergenceTensors;

Tensors run(Tensors t) {
  Context context;
  kl_divergence(context, t.args());
  for (const OwnedTensor* tensor : t.all()) CHECK(tensor->guards_intact());
  return t;
}

}  // namespace

TEST_CASE("kl_divergence: both gradients agree with central differences, 1.01 of them do not") {
  for (const auto& c : kClassLossCases) {
    if (c.bench) continue;
    Tensors in(c, DType::f64);
    const Tensors r = run(in);
    const auto loss = [&] { return run(in).loss.at(0); };
    CHECK(gradient_error(in.target, r.dtarget, loss) < 1e-6);
    CHECK(gradient_error(in.logits, r.dlogits, loss) < 1e-6);
    CHECK(gradient_error(in.target, r.dtarget.scaled(1.01), loss) > 5e-3);
    CHECK(gradient_error(in.logits, r.dlogits.scaled(1.01), loss) > 5e-3);
  }
}

TEST_CASE("kl_divergence: f32 and bf16 follow the double definition, set and added, twice alike") {
  for (const DType dtype : {DType::f32, DType::bf16}) {
    for (const auto& c : kClassLossCases) {
      for (const bool add : {false, true}) {
        CAPTURE(to_string(dtype));
        CAPTURE(c.batch);
        CAPTURE(add);
        Tensors in(c, dtype, {add, add});
        in.scale = 0.5;
        const Tensors fast = run(in), exact = run(cast_all(in, DType::f64)), again = run(in);
        CHECK(relative_error(fast.loss, exact.loss) < rounding_bound(DType::f32, c.batch, 2));
        CHECK(relative_error(fast.dtarget, exact.dtarget) < rounding_bound(dtype, c.classes, 2));
        CHECK(relative_error(fast.dlogits, exact.dlogits) < rounding_bound(dtype, c.classes, 2));
        CHECK(again.loss.bits_equal(fast.loss));
        CHECK(again.dtarget.bits_equal(fast.dtarget));
        CHECK(again.dlogits.bits_equal(fast.dlogits));
      }
    }
  }
}

TEST_CASE("kl_divergence: a target of 0 adds nothing to the value and gets no gradient") {
  for (const DType dtype : {DType::f32, DType::bf16, DType::f64}) {
    for (const bool add : {false, true}) {
      Tensors in({1, 2}, dtype, {add, add});
      in.target.fill([](int64_t i) { return i; });  // one-hot: KL is the cross entropy, here log 2
      in.logits.fill([](int64_t) { return 0.0; });
      const Tensors r = run(in);
      CHECK(r.loss.at(0) == doctest::Approx(std::log(2.0)));
      CHECK(r.dtarget.at(0) == (add ? in.dtarget.at(0) : 0.0));
      if (add) continue;
      CHECK(r.dlogits.at(0) == 0.5);
      CHECK(r.dlogits.at(1) == -0.5);
    }
  }
}

TEST_CASE("kl_divergence: each gradient may be left out, and the scale leaves the value alone") {
  Context context;
  Tensors in({3, 7}, DType::f64);
  const Tensors one = run(in);
  in.scale = 0.25;
  const Tensors both = run(in);
  CHECK(both.loss.bits_equal(one.loss));
  for (Gradient KlDivergenceArgs::*gradient :
       {&KlDivergenceArgs::dtarget, &KlDivergenceArgs::dlogits}) {
    KlDivergenceArgs args = in.args();
    args.*gradient = {};
    kl_divergence(context, args);
  }
  CHECK(in.loss.bits_equal(both.loss));
  CHECK(in.dtarget.bits_equal(both.dtarget));
  CHECK(in.dlogits.bits_equal(both.dlogits));
  for (int64_t i = 0; i < 21; ++i)
    CHECK(both.dlogits.at(i) == doctest::Approx(0.25 * one.dlogits.at(i)).epsilon(1e-14));
}

TEST_CASE("kl_divergence: a wrong shape is named") {
  Tensors in({2, 3}, DType::f32);
  in.target = OwnedTensor({3, 2}, DType::f32);
  CHECK_THROWS_WITH_AS(run(in), doctest::Contains("target is f32 [3, 2]; expected f32 [2, 3]"),
                       Error);
}

}  // namespace lanet::test
