#include "kernels/class_loss_cases.h"
#include "kernels/kl_divergence.h"
#include "tests/op_test.h"

namespace lanet::test {
namespace {

struct Run {
  OwnedTensor loss, dtarget, dlogits;
};

struct Start {
  OwnedTensor dtarget, dlogits;
};

/// Positive rows that do not quite add up to 1: the gradient by the target needs no constraint.
OwnedTensor some_target(int64_t batch, int64_t classes, DType dtype) {
  auto target = OwnedTensor::random({batch, classes}, dtype, 7, 0.05, 1);
  for (int64_t i = 0; i < target.elements(); ++i) target.set(i, target.at(i) * 2 / classes);
  return target;
}

Run run(const OwnedTensor& target, const OwnedTensor& logits, double scale = 1,
        const Start* start = nullptr) {
  Context context;
  const Shape shape = logits.shape();
  const DType dtype = logits.dtype();
  const bool add = start != nullptr;
  Run r{OwnedTensor({1}, accumulate_dtype(dtype)),
        add ? start->dtarget.cast(dtype) : OwnedTensor(shape, dtype),
        add ? start->dlogits.cast(dtype) : OwnedTensor(shape, dtype)};
  kl_divergence(context, {.target = target,
                          .logits = logits,
                          .loss = r.loss,
                          .dtarget = {r.dtarget, add},
                          .dlogits = {r.dlogits, add},
                          .scale = scale});
  for (const OwnedTensor* t : {&r.loss, &r.dtarget, &r.dlogits}) CHECK(t->guards_intact());
  return r;
}

}  // namespace

TEST_CASE("kl_divergence: both gradients agree with central differences, 1.01 of them do not") {
  for (const auto& c : kClassLossCases) {
    if (c.bench) continue;
    auto logits = OwnedTensor::random({c.batch, c.classes}, DType::f64, 1, -3, 3);
    auto target = some_target(c.batch, c.classes, DType::f64);
    auto [value, dtarget, dlogits] = run(target, logits);
    auto loss = [&] { return run(target, logits).loss.at(0); };
    CHECK(gradient_error(target, dtarget, loss) < 1e-6);
    CHECK(gradient_error(logits, dlogits, loss) < 1e-6);
    for (OwnedTensor* g : {&dtarget, &dlogits}) *g = g->scaled(1.01);
    CHECK(gradient_error(target, dtarget, loss) > 5e-3);
    CHECK(gradient_error(logits, dlogits, loss) > 5e-3);
  }
}

TEST_CASE("kl_divergence: f32 and bf16 follow the double definition, set and added, twice alike") {
  for (const DType dtype : {DType::f32, DType::bf16}) {
    for (const auto& c : kClassLossCases) {
      CAPTURE(to_string(dtype));
      CAPTURE(c.batch);
      const auto logits = OwnedTensor::random({c.batch, c.classes}, dtype, 1, -3, 3);
      const auto target = some_target(c.batch, c.classes, dtype);
      const auto logits64 = logits.cast(DType::f64), target64 = target.cast(DType::f64);
      const Start start{OwnedTensor::random({c.batch, c.classes}, dtype, 2, -0.1, 0.1),
                        OwnedTensor::random({c.batch, c.classes}, dtype, 3, -0.1, 0.1)};
      for (const Start* s : {static_cast<const Start*>(nullptr), &start}) {
        const Run fast = run(target, logits, 0.5, s), exact = run(target64, logits64, 0.5, s);
        CHECK(relative_error(fast.loss, exact.loss) < rounding_bound(DType::f32, c.batch, 2));
        CHECK(relative_error(fast.dtarget, exact.dtarget) < rounding_bound(dtype, c.classes, 2));
        CHECK(relative_error(fast.dlogits, exact.dlogits) < rounding_bound(dtype, c.classes, 2));
        const Run again = run(target, logits, 0.5, s);
        CHECK(again.loss.bits_equal(fast.loss));
        CHECK(again.dtarget.bits_equal(fast.dtarget));
        CHECK(again.dlogits.bits_equal(fast.dlogits));
      }
    }
  }
}

TEST_CASE("kl_divergence: a target of 0 adds nothing to the value and gets no gradient") {
  for (const DType dtype : {DType::f32, DType::bf16, DType::f64}) {
    OwnedTensor target({1, 2}, dtype), logits({1, 2}, dtype);
    target.fill([](int64_t i) { return i; });  // one-hot: KL is the cross entropy, here log 2
    logits.fill([](int64_t) { return 0.0; });
    const Run r = run(target, logits);
    CHECK(r.loss.at(0) == doctest::Approx(std::log(2.0)));
    CHECK(r.dtarget.at(0) == 0.0);
    CHECK(r.dlogits.at(0) == 0.5);
    CHECK(r.dlogits.at(1) == -0.5);
    const Start start{OwnedTensor::random({1, 2}, dtype, 2), OwnedTensor::random({1, 2}, dtype, 3)};
    CHECK(run(target, logits, 1, &start).dtarget.at(0) == start.dtarget.at(0));
  }
}

TEST_CASE("kl_divergence: each gradient may be left out, and the scale leaves the value alone") {
  Context context;
  const auto logits = OwnedTensor::random({3, 7}, DType::f64, 1),
             target = some_target(3, 7, DType::f64);
  const Run both = run(target, logits, 0.25);
  const Run one = run(target, logits);
  CHECK(both.loss.bits_equal(one.loss));
  OwnedTensor loss({1}, DType::f64), dtarget({3, 7}, DType::f64), dlogits({3, 7}, DType::f64);
  kl_divergence(
      context,
      {.target = target, .logits = logits, .loss = loss, .dtarget = {dtarget}, .scale = 0.25});
  kl_divergence(
      context,
      {.target = target, .logits = logits, .loss = loss, .dlogits = {dlogits}, .scale = 0.25});
  CHECK(loss.bits_equal(both.loss));
  CHECK(dtarget.bits_equal(both.dtarget));
  CHECK(dlogits.bits_equal(both.dlogits));
  for (int64_t i = 0; i < 21; ++i)
    CHECK(dlogits.at(i) == doctest::Approx(0.25 * one.dlogits.at(i)).epsilon(1e-14));
}

TEST_CASE("kl_divergence: a wrong shape is named") {
  Context context;
  OwnedTensor logits({2, 3}, DType::f32), target({3, 2}, DType::f32), loss({1}, DType::f32);
  CHECK_THROWS_WITH_AS(kl_divergence(context, {.target = target, .logits = logits, .loss = loss}),
                       doctest::Contains("target is f32 [3, 2]; expected f32 [2, 3]"), Error);
}

}  // namespace lanet::test
