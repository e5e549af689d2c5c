#include "kernels/class_loss_cases.h"
#include "tests/op_test.h"

namespace lanet::test {
namespace {

using Tensors = SoftmaxCrossEntropyTensors;

Tensors run(Tensors t) {
  Context context;
  softmax_cross_entropy(context, t.args());
  for (const OwnedTensor* tensor : t.all()) CHECK(tensor->guards_intact());
  return t;
}

}  // namespace

TEST_CASE("softmax_cross_entropy: gradient agrees with central differences, 1.01 of it does not") {
  for (const auto& c : kClassLossCases) {
    if (c.bench) continue;
    for (const double smoothing : {0.0, 0.1}) {
      Tensors in(c, DType::f64);
      in.logits = in.logits.scaled(3);
      in.smoothing = smoothing;
      const OwnedTensor dlogits = run(in).dlogits;
      const auto loss = [&] { return run(in).loss.at(0); };
      CHECK(gradient_error(in.logits, dlogits, loss) < 1e-7);
      CHECK(gradient_error(in.logits, dlogits.scaled(1.01), loss) > 5e-3);
    }
  }
}

TEST_CASE("softmax_cross_entropy: f32 and bf16 follow the double definition, set and added") {
  for (const DType dtype : {DType::f32, DType::bf16}) {
    for (const auto& c : kClassLossCases) {
      for (const double smoothing : {0.0, 0.1}) {
        for (const bool add : {false, true}) {
          CAPTURE(c.batch);
          CAPTURE(smoothing);
          CAPTURE(add);
          Tensors in(c, dtype, add);
          in.scale = add ? 0.5 : 1;
          in.smoothing = smoothing;
          const Tensors fast = run(in), exact = run(cast_all(in, DType::f64)), again = run(in);
          CHECK(relative_error(fast.loss, exact.loss) < rounding_bound(DType::f32, c.batch, 2));
          CHECK(relative_error(fast.dlogits, exact.dlogits) < rounding_bound(dtype, c.classes, 2));
          CHECK(again.dlogits.bits_equal(fast.dlogits));
          CHECK(again.loss.bits_equal(fast.loss));
        }
      }
    }
  }
}

TEST_CASE("softmax_cross_entropy: the scale multiplies the gradient and not the value") {
  Tensors in({3, 7}, DType::f64);
  const Tensors one = run(in);
  in.scale = 0.25;
  const Tensors quarter = run(in);
  CHECK(quarter.loss.bits_equal(one.loss));
  for (int64_t i = 0; i < in.logits.elements(); ++i)
    CHECK(quarter.dlogits.at(i) == doctest::Approx(0.25 * one.dlogits.at(i)).epsilon(1e-14));
}

TEST_CASE("softmax_cross_entropy: the value alone is the same, and huge logits do not overflow") {
  Context context;
  Tensors in({1, 3}, DType::f32);
  in.logits.fill([](int64_t i) { return 1e4 * i; });
  in.labels.set(0, 1);
  SoftmaxCrossEntropyArgs args = in.args();
  args.dlogits = {};
  softmax_cross_entropy(context, args);
  CHECK(in.loss.at(0) == doctest::Approx(1e4));
  const Tensors r = run(in);
  CHECK(r.loss.bits_equal(in.loss));
  CHECK(r.dlogits.at(0) == 0.0);
  CHECK(r.dlogits.at(1) == -1.0);
  CHECK(r.dlogits.at(2) == 1.0);
}

TEST_CASE("softmax_cross_entropy: a smoothed label by hand") {
  Tensors in({1, 2}, DType::f64);
  in.logits.fill([](int64_t c) { return c == 0 ? std::log(3.0) : 0.0; });  // p = 3/4, 1/4
  in.smoothing = 0.5;
  in.labels.set(0, 0);
  const Tensors r = run(in);  // q = 3/4, 1/4
  CHECK(r.loss.at(0) ==
        doctest::Approx(-0.75 * std::log(0.75) - 0.25 * std::log(0.25)).epsilon(1e-14));
  CHECK(std::abs(r.dlogits.at(0)) < 1e-15);
  in.labels.set(0, 1);  // q = 1/4, 3/4
  const Tensors other = run(in);
  CHECK(other.loss.at(0) ==
        doctest::Approx(-0.25 * std::log(0.75) - 0.75 * std::log(0.25)).epsilon(1e-14));
  CHECK(other.dlogits.at(0) == doctest::Approx(0.5).epsilon(1e-14));
  CHECK(other.dlogits.at(1) == doctest::Approx(-0.5).epsilon(1e-14));
}

TEST_CASE("softmax_cross_entropy: a class of logit −∞ costs nothing, unless labels are smoothed") {
  Tensors in({1, 3}, DType::f32);
  in.logits.fill([](int64_t c) { return c == 2 ? -std::numeric_limits<double>::infinity() : 0.0; });
  in.labels.set(0, 1);
  const Tensors r = run(in);
  CHECK(r.loss.at(0) == doctest::Approx(std::log(2.0)));
  CHECK(r.dlogits.at(2) == 0.0);
  in.smoothing = 0.1;
  CHECK(std::isinf(run(in).loss.at(0)));
}

TEST_CASE("softmax_cross_entropy: a smoothing out of range is named") {
  Tensors in({2, 7}, DType::f32);
  for (const double bad : {-0.1, 1.0, std::numeric_limits<double>::quiet_NaN()}) {
    in.smoothing = bad;
    CHECK_THROWS_WITH_AS(run(in), doctest::Contains("expected 0 to below 1"), Error);
  }
}

TEST_CASE("softmax_cross_entropy: a label that is no class is refused") {
  Tensors in({2, 7}, DType::f32);
  for (const int bad : {-1, 7}) {
    in.labels.fill([&](int64_t b) { return b == 0 ? 0 : bad; });
    CHECK_THROWS_WITH_AS(
        run(in), doctest::Contains(fmt::format("labels[1] is {}; expected 0 to 6", bad).c_str()),
        Error);
  }
}

}  // namespace lanet::test
