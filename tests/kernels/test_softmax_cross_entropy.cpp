#include "kernels/class_loss_cases.h"
#include "kernels/softmax_cross_entropy.h"
#include "tests/op_test.h"

namespace lanet::test {
namespace {

struct Run {
  OwnedTensor loss, dlogits;
};

OwnedTensor some_labels(int64_t batch, int64_t classes) {
  OwnedTensor labels({batch}, DType::i32);
  labels.fill([&](int64_t b) { return (3 * b + 1) % classes; });
  return labels;
}

Run run(const OwnedTensor& logits, const OwnedTensor& labels, double scale = 1,
        const OwnedTensor* start = nullptr, double smoothing = 0) {
  Context context;
  const DType dtype = logits.dtype();
  Run r{OwnedTensor({1}, accumulate_dtype(dtype)),
        start ? start->cast(dtype) : OwnedTensor(logits.shape(), dtype)};
  softmax_cross_entropy(context, {.logits = logits,
                                  .labels = labels,
                                  .loss = r.loss,
                                  .dlogits = {r.dlogits, start != nullptr},
                                  .scale = scale,
                                  .smoothing = smoothing});
  CHECK(r.loss.guards_intact());
  CHECK(r.dlogits.guards_intact());
  return r;
}

}  // namespace

TEST_CASE("softmax_cross_entropy: gradient agrees with central differences, 1.01 of it does not") {
  for (const auto& c : kClassLossCases) {
    if (c.bench) continue;
    for (const double smoothing : {0.0, 0.1}) {
      auto logits = OwnedTensor::random({c.batch, c.classes}, DType::f64, 1, -3, 3);
      const auto labels = some_labels(c.batch, c.classes);
      auto dlogits = run(logits, labels, 1, nullptr, smoothing).dlogits;
      auto loss = [&] { return run(logits, labels, 1, nullptr, smoothing).loss.at(0); };
      CHECK(gradient_error(logits, dlogits, loss) < 1e-7);
      dlogits = dlogits.scaled(1.01);
      CHECK(gradient_error(logits, dlogits, loss) > 5e-3);
    }
  }
}

TEST_CASE("softmax_cross_entropy: f32 and bf16 follow the double definition, set and added") {
  for (const DType dtype : {DType::f32, DType::bf16}) {
    for (const auto& c : kClassLossCases) {
      for (const double smoothing : {0.0, 0.1}) {
        CAPTURE(c.batch);
        CAPTURE(smoothing);
        const auto logits = OwnedTensor::random({c.batch, c.classes}, dtype, 1);
        // Below 0, as the label's gradient is: these two do not cancel.
        const auto start = OwnedTensor::random({c.batch, c.classes}, dtype, 2, -0.1, 0);
        const auto labels = some_labels(c.batch, c.classes);
        const auto of = [&](const OwnedTensor& x, const OwnedTensor* added_to) {
          return run(x, labels, added_to ? 0.5 : 1, added_to, smoothing);
        };
        const OwnedTensor same = logits.cast(DType::f64);
        const Run fast = of(logits, nullptr), exact = of(same, nullptr);
        CHECK(relative_error(fast.loss, exact.loss) < rounding_bound(DType::f32, c.batch, 2));
        CHECK(relative_error(fast.dlogits, exact.dlogits) < rounding_bound(dtype, c.classes, 2));
        CHECK(relative_error(of(logits, &start).dlogits, of(same, &start).dlogits) <
              rounding_bound(dtype, c.classes, 2));
        CHECK(of(logits, nullptr).dlogits.bits_equal(fast.dlogits));
        CHECK(of(logits, nullptr).loss.bits_equal(fast.loss));
      }
    }
  }
}

TEST_CASE("softmax_cross_entropy: the scale multiplies the gradient and not the value") {
  const auto logits = OwnedTensor::random({3, 7}, DType::f64, 1);
  const auto labels = some_labels(3, 7);
  const Run one = run(logits, labels), quarter = run(logits, labels, 0.25);
  CHECK(quarter.loss.bits_equal(one.loss));
  for (int64_t i = 0; i < logits.elements(); ++i)
    CHECK(quarter.dlogits.at(i) == doctest::Approx(0.25 * one.dlogits.at(i)).epsilon(1e-14));
}

TEST_CASE("softmax_cross_entropy: the value alone is the same, and huge logits do not overflow") {
  Context context;
  OwnedTensor logits({1, 3}, DType::f32), loss({1}, DType::f32);
  logits.fill([](int64_t i) { return 1e4 * i; });
  OwnedTensor labels({1}, DType::i32);
  labels.set(0, 1);
  softmax_cross_entropy(context, {.logits = logits, .labels = labels, .loss = loss});
  CHECK(loss.at(0) == doctest::Approx(1e4));
  const Run r = run(logits, labels);
  CHECK(r.loss.bits_equal(loss));
  CHECK(r.dlogits.at(0) == 0.0);
  CHECK(r.dlogits.at(1) == -1.0);
  CHECK(r.dlogits.at(2) == 1.0);
}

TEST_CASE("softmax_cross_entropy: a smoothed label by hand") {
  OwnedTensor logits({1, 2}, DType::f64), labels({1}, DType::i32);
  logits.fill([](int64_t c) { return c == 0 ? std::log(3.0) : 0.0; });  // p = 3/4, 1/4
  labels.set(0, 0);
  const Run r = run(logits, labels, 1, nullptr, 0.5);  // q = 3/4, 1/4
  CHECK(r.loss.at(0) ==
        doctest::Approx(-0.75 * std::log(0.75) - 0.25 * std::log(0.25)).epsilon(1e-14));
  CHECK(std::abs(r.dlogits.at(0)) < 1e-15);
  labels.set(0, 1);  // q = 1/4, 3/4
  const Run other = run(logits, labels, 1, nullptr, 0.5);
  CHECK(other.loss.at(0) ==
        doctest::Approx(-0.25 * std::log(0.75) - 0.75 * std::log(0.25)).epsilon(1e-14));
  CHECK(other.dlogits.at(0) == doctest::Approx(0.5).epsilon(1e-14));
  CHECK(other.dlogits.at(1) == doctest::Approx(-0.5).epsilon(1e-14));
}

TEST_CASE("softmax_cross_entropy: a class of logit −∞ costs nothing, unless labels are smoothed") {
  OwnedTensor logits({1, 3}, DType::f32), labels({1}, DType::i32);
  logits.fill([](int64_t c) { return c == 2 ? -std::numeric_limits<double>::infinity() : 0.0; });
  labels.set(0, 1);
  const Run r = run(logits, labels);
  CHECK(r.loss.at(0) == doctest::Approx(std::log(2.0)));
  CHECK(r.dlogits.at(2) == 0.0);
  CHECK(std::isinf(run(logits, labels, 1, nullptr, 0.1).loss.at(0)));
}

TEST_CASE("softmax_cross_entropy: a smoothing out of range is named") {
  const auto logits = OwnedTensor::random({2, 7}, DType::f32, 1);
  for (const double bad : {-0.1, 1.0, std::numeric_limits<double>::quiet_NaN()})
    CHECK_THROWS_WITH_AS(run(logits, some_labels(2, 7), 1, nullptr, bad),
                         doctest::Contains("expected 0 to below 1"), Error);
}

TEST_CASE("softmax_cross_entropy: a label that is no class is refused") {
  Context context;
  const auto logits = OwnedTensor::random({2, 7}, DType::f32, 1);
  OwnedTensor labels({2}, DType::i32), loss({1}, DType::f32);
  for (const int bad : {-1, 7}) {
    labels.fill([&](int64_t b) { return b == 0 ? 0 : bad; });
    CHECK_THROWS_WITH_AS(
        softmax_cross_entropy(context, {.logits = logits, .labels = labels, .loss = loss}),
        doctest::Contains(fmt::format("labels[1] is {}; expected 0 to 6", bad).c_str()), Error);
  }
}

}  // namespace lanet::test
