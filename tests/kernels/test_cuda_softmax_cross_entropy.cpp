// The CUDA kernel of softmax_cross_entropy against the definition in double, from the CPU tests'
// cases.
#include "kernels/class_loss_cases.h"
#include "kernels/softmax_cross_entropy.h"
#include "tests/device_test.h"

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

Run run(Device device, const OwnedTensor& logits, const OwnedTensor& labels, double scale = 1,
        const OwnedTensor* start = nullptr, double smoothing = 0) {
  Context context(device);
  const DType dtype = logits.dtype();
  const OwnedTensor its_logits(context, logits), its_labels(context, labels),
      loss(context, OwnedTensor({1}, accumulate_dtype(dtype))),
      dlogits(context, start ? start->cast(dtype) : OwnedTensor(logits.shape(), dtype));
  softmax_cross_entropy(context, {.logits = its_logits,
                                  .labels = its_labels,
                                  .loss = loss,
                                  .dlogits = {dlogits, start != nullptr},
                                  .scale = scale,
                                  .smoothing = smoothing});
  return {loss.download(), dlogits.download()};
}

void check(DType dtype, const ClassLossCase& c) {
  CAPTURE(to_string(dtype));
  CAPTURE(c.batch);
  CAPTURE(c.classes);
  const auto logits = OwnedTensor::random({c.batch, c.classes}, dtype, 1);
  // Below 0, as the label's gradient is: these two do not cancel.
  const auto start = OwnedTensor::random({c.batch, c.classes}, dtype, 2, -0.1, 0);
  const auto labels = some_labels(c.batch, c.classes);
  const double value = rounding_bound(accumulate_dtype(dtype), c.batch, 2);
  const double gradient = rounding_bound(dtype, c.classes, 2);
  for (const OwnedTensor* s : {static_cast<const OwnedTensor*>(nullptr), &start}) {
    for (const double smoothing : {0.0, 0.1}) {
      CAPTURE(smoothing);
      const Run fast = run(Device::cuda, logits, labels, 0.5, s, smoothing),
                exact = run(Device::cpu, logits.cast(DType::f64), labels, 0.5, s, smoothing);
      CHECK(relative_error(fast.loss, exact.loss) < value);
      CHECK(relative_error(fast.dlogits, exact.dlogits) < gradient);
      const Run again = run(Device::cuda, logits, labels, 0.5, s, smoothing);
      CHECK(again.loss.bits_equal(fast.loss));
      CHECK(again.dlogits.bits_equal(fast.dlogits));
    }
  }
}

}  // namespace

TEST_CASE("cuda: softmax_cross_entropy follows the double definition, set and added") {
  if (skip_without_device()) return;
  for (const DType dtype : {DType::f32, DType::bf16, DType::f64}) {
    for (const auto& c : kClassLossCases)
      if (!c.bench) check(dtype, c);
    check(dtype, {3, 70});  // more classes than lanes of a warp
  }
}

TEST_CASE("cuda: softmax_cross_entropy: the value alone is the same, huge logits do not overflow") {
  if (skip_without_device()) return;
  OwnedTensor logits({1, 3}, DType::f32), labels({1}, DType::i32);
  logits.fill([](int64_t i) { return 1e4 * i; });
  labels.set(0, 1);
  const Run r = run(Device::cuda, logits, labels);
  CHECK(r.loss.at(0) == doctest::Approx(1e4));
  CHECK(r.dlogits.at(0) == 0.0);
  CHECK(r.dlogits.at(1) == -1.0);
  CHECK(r.dlogits.at(2) == 1.0);
  Context context(Device::cuda);
  const OwnedTensor its_logits(context, logits), its_labels(context, labels),
      loss(context, OwnedTensor({1}, DType::f32));
  softmax_cross_entropy(context, {.logits = its_logits, .labels = its_labels, .loss = loss});
  CHECK(loss.download().bits_equal(r.loss));
}

TEST_CASE("cuda: softmax_cross_entropy: the largest logit counts wherever it stands") {
  if (skip_without_device()) return;
  OwnedTensor logits({1, 70}, DType::f32), labels({1}, DType::i32);
  labels.set(0, 1);
  for (const int64_t largest : {0, 31, 32, 69}) {
    CAPTURE(largest);
    logits.fill([&](int64_t c) { return c == largest ? 1e4 : 0.0; });
    CHECK(run(Device::cuda, logits, labels).loss.at(0) == doctest::Approx(1e4));
  }
}

TEST_CASE("cuda: softmax_cross_entropy: a class of logit −∞ costs nothing, unless smoothed") {
  if (skip_without_device()) return;
  OwnedTensor logits({1, 3}, DType::f32), labels({1}, DType::i32);
  logits.fill([](int64_t c) { return c == 2 ? -std::numeric_limits<double>::infinity() : 0.0; });
  labels.set(0, 1);
  const Run r = run(Device::cuda, logits, labels);
  CHECK(r.loss.at(0) == doctest::Approx(std::log(2.0)));
  CHECK(r.dlogits.at(2) == 0.0);
  CHECK(std::isinf(run(Device::cuda, logits, labels, 1, nullptr, 0.1).loss.at(0)));
}

TEST_CASE("cuda: softmax_cross_entropy: a label that is no class makes the loss NaN") {
  if (skip_without_device()) return;
  const auto logits = OwnedTensor::random({2, 7}, DType::f32, 1);
  OwnedTensor labels({2}, DType::i32);
  for (const int bad : {-1, 7, std::numeric_limits<int>::min()}) {
    labels.fill([&](int64_t b) { return b == 0 ? 0 : bad; });
    for (const double smoothing : {0.0, 0.1})
      CHECK(std::isnan(run(Device::cuda, logits, labels, 1, nullptr, smoothing).loss.at(0)));
  }
}

}  // namespace lanet::test
