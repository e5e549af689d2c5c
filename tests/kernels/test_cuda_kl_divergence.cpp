// The CUDA kernel of kl_divergence against the definition in double, from the CPU tests' cases.
#include "kernels/class_loss_cases.h"
#include "kernels/kl_divergence.h"
#include "tests/device_test.h"

namespace lanet::test {
namespace {

struct Run {
  OwnedTensor loss, dtarget, dlogits;
};
struct Start {
  OwnedTensor dtarget, dlogits;
};

/// Which gradients are added to.
struct Adds {
  bool dtarget = false, dlogits = false;
};

/// Positive rows that do not quite add up to 1, but for a 0 here and there.
OwnedTensor some_target(int64_t batch, int64_t classes, DType dtype) {
  auto target = OwnedTensor::random({batch, classes}, dtype, 7, 0.05, 1);
  target.fill([&, copy = target](int64_t i) {
    return i % 11 == 5 ? 0.0 : copy.at(i) * 2 / static_cast<double>(classes);
  });
  return target;
}

Run run(Device device, const OwnedTensor& target, const OwnedTensor& logits, double scale = 1,
        const Start* start = nullptr, Adds adds = {true, true}) {
  Context context(device);
  const Shape shape = logits.shape();
  const DType dtype = logits.dtype();
  if (!start) adds = {};
  const OwnedTensor its_target(context, target), its_logits(context, logits),
      loss(context, OwnedTensor({1}, accumulate_dtype(dtype))),
      dtarget(context, adds.dtarget ? start->dtarget.cast(dtype) : OwnedTensor(shape, dtype)),
      dlogits(context, adds.dlogits ? start->dlogits.cast(dtype) : OwnedTensor(shape, dtype));
  kl_divergence(context, {.target = its_target,
                          .logits = its_logits,
                          .loss = loss,
                          .dtarget = {dtarget, adds.dtarget},
                          .dlogits = {dlogits, adds.dlogits},
                          .scale = scale});
  return {loss.download(), dtarget.download(), dlogits.download()};
}

void check(DType dtype, const ClassLossCase& c) {
  CAPTURE(to_string(dtype));
  CAPTURE(c.batch);
  CAPTURE(c.classes);
  const Shape shape{c.batch, c.classes};
  const auto logits = OwnedTensor::random(shape, dtype, 1, -3, 3);
  const auto target = some_target(c.batch, c.classes, dtype);
  const auto logits64 = logits.cast(DType::f64), target64 = target.cast(DType::f64);
  const Start start{OwnedTensor::random(shape, dtype, 2, -0.1, 0.1),
                    OwnedTensor::random(shape, dtype, 3, -0.1, 0.1)};
  const double value = rounding_bound(accumulate_dtype(dtype), c.batch, 2);
  const double gradient = rounding_bound(dtype, c.classes, 2);
  for (const Adds adds : {Adds{false, false}, {true, true}, {true, false}, {false, true}}) {
    const Run fast = run(Device::cuda, target, logits, 0.5, &start, adds),
              exact = run(Device::cpu, target64, logits64, 0.5, &start, adds);
    CHECK(relative_error(fast.loss, exact.loss) < value);
    CHECK(relative_error(fast.dtarget, exact.dtarget) < gradient);
    CHECK(relative_error(fast.dlogits, exact.dlogits) < gradient);
    const Run again = run(Device::cuda, target, logits, 0.5, &start, adds);
    CHECK(again.loss.bits_equal(fast.loss));
    CHECK(again.dtarget.bits_equal(fast.dtarget));
    CHECK(again.dlogits.bits_equal(fast.dlogits));
  }
}

}  // namespace

TEST_CASE("cuda: kl_divergence follows the double definition, set and added, twice alike") {
  if (skip_without_device()) return;
  for (const DType dtype : {DType::f32, DType::bf16, DType::f64}) {
    for (const auto& c : kClassLossCases)
      if (!c.bench) check(dtype, c);
    check(dtype, {3, 70});  // more classes than lanes of a warp
  }
}

TEST_CASE("cuda: kl_divergence: a target of 0 adds nothing to the value and gets no gradient") {
  if (skip_without_device()) return;
  for (const DType dtype : {DType::f32, DType::bf16, DType::f64}) {
    OwnedTensor target({1, 2}, dtype), logits({1, 2}, dtype);
    target.fill([](int64_t i) { return i; });  // one-hot: KL is the cross entropy, here log 2
    logits.fill([](int64_t) { return 0.0; });
    const Run r = run(Device::cuda, target, logits);
    CHECK(r.loss.at(0) == doctest::Approx(std::log(2.0)));
    CHECK(r.dtarget.at(0) == 0.0);
    CHECK(r.dlogits.at(0) == 0.5);
    CHECK(r.dlogits.at(1) == -0.5);
    const Start start{OwnedTensor::random({1, 2}, dtype, 2), OwnedTensor::random({1, 2}, dtype, 3)};
    CHECK(run(Device::cuda, target, logits, 1, &start).dtarget.at(0) == start.dtarget.at(0));
  }
}

TEST_CASE("cuda: kl_divergence: each gradient may be left out") {
  if (skip_without_device()) return;
  const Shape shape{3, 7};
  const auto logits = OwnedTensor::random(shape, DType::f32, 1),
             target = some_target(3, 7, DType::f32);
  const Run both = run(Device::cuda, target, logits, 0.25);
  Context context(Device::cuda);
  const OwnedTensor its_target(context, target), its_logits(context, logits),
      loss(context, OwnedTensor({1}, DType::f32)), dtarget(context, OwnedTensor(shape, DType::f32)),
      dlogits(context, OwnedTensor(shape, DType::f32));
  KlDivergenceArgs args{.target = its_target,
                        .logits = its_logits,
                        .loss = loss,
                        .dtarget = {dtarget},
                        .scale = 0.25};
  kl_divergence(context, args);
  CHECK(loss.download().bits_equal(both.loss));
  CHECK(dtarget.download().bits_equal(both.dtarget));
  args.dtarget = {};
  args.dlogits = {dlogits};
  kl_divergence(context, args);
  CHECK(dlogits.download().bits_equal(both.dlogits));
}

}  // namespace lanet::test
