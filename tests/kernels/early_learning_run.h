// What the tests of early_learning on every device compute with.
#pragma once

#include "kernels/early_learning_cases.h"
#include "tests/device_test.h"

namespace lanet::test {

/// start: what the gradient is added to; null: it is set.
inline EarlyLearningTensors run_early_learning(Device device, EarlyLearningTensors in,
                                               double scale = 1, const OwnedTensor* start = nullptr,
                                               bool with_gradient = true) {
  Context context(device);
  in.scale = scale;
  in.added = start != nullptr;
  if (start) in.dlogits = start->cast(in.logits.dtype());
  EarlyLearningTensors t = upload_all(context, in);
  EarlyLearningArgs args = t.args();
  if (!with_gradient) args.dlogits = {};
  early_learning(context, args);
  t = download_all(std::move(t));
  CHECK(t.targets.bits_equal(in.targets));
  return t;
}

/// 1/B·Σ_b log(1 − <target_b, p_b>) of targets that stay, by itself.
inline double regulariser(const OwnedTensor& logits, const OwnedTensor& target) {
  const int64_t batch = logits.shape()[0], classes = logits.shape()[1];
  double sum = 0;
  for (int64_t b = 0; b < batch; ++b) {
    double all = 0, agreement = 0;
    for (int64_t c = 0; c < classes; ++c) all += std::exp(logits.at(b * classes + c));
    for (int64_t c = 0; c < classes; ++c) {
      const double p = std::exp(logits.at(b * classes + c)) / all;
      agreement += target.at(b * classes + c) * std::min(std::max(p, 1e-4), 1 - 1e-4);
    }
    sum += std::log(1 - agreement);
  }
  return sum / static_cast<double>(batch);
}

/// Every case against the definition in double, the gradient set and added, twice the same bits.
inline void check_early_learning_cases(Device device, DType dtype) {
  for (const auto& c : kEarlyLearningCases) {
    if (c.bench) continue;
    const EarlyLearningTensors in(c, dtype);
    const auto some = OwnedTensor::random({c.batch, c.classes}, dtype, 3, -0.1, 0.1);
    for (const OwnedTensor* start : {static_cast<const OwnedTensor*>(nullptr), &some}) {
      CAPTURE(to_string(dtype));
      CAPTURE(c.batch);
      CAPTURE(start != nullptr);
      const EarlyLearningTensors fast = run_early_learning(device, in, 3, start),
                                 exact = run_early_learning(Device::cpu, cast_all(in, DType::f64),
                                                            3, start);
      const DType sums = accumulate_dtype(dtype);
      CHECK(relative_error(fast.target, exact.target) < rounding_bound(sums, c.classes, 4));
      CHECK(relative_error(fast.loss, exact.loss) < rounding_bound(sums, c.batch * c.classes, 4));
      CHECK(relative_error(fast.dlogits, exact.dlogits) < rounding_bound(dtype, c.classes, 4));
      const EarlyLearningTensors again = run_early_learning(device, in, 3, start);
      CHECK(again.target.bits_equal(fast.target));
      CHECK(again.loss.bits_equal(fast.loss));
      CHECK(again.dlogits.bits_equal(fast.dlogits));
    }
  }
}

/// Predictions that are all but certain: their probabilities are clamped, no gradient comes back
/// from them, and the loss of one that agrees with itself stays finite.
inline void check_early_learning_clamped(Device device, DType dtype) {
  EarlyLearningTensors in({2, 40, 2}, dtype);
  const auto is_top = [](int64_t i) { return i % 40 == (i < 40 ? 3 : 38); };
  in.targets.fill([&](int64_t i) { return is_top(i) ? 1.0 : 0.0; });
  in.samples.fill([](int64_t b) { return b; });
  in.momentum = 0.5;
  const double least = 1e-4, most = 1 - 1e-4, mass = most + 39 * least;
  const double agreement = 0.5 * most + 0.5 * (most * most + 39 * least * least) / mass;
  for (const double logit : {13.5625, 1e4}) {  // 1 − p = 5e-5, and nothing
    CAPTURE(logit);
    in.logits.fill([&](int64_t i) { return is_top(i) ? logit : 0.0; });
    const EarlyLearningTensors r = run_early_learning(device, in);
    CHECK(r.loss.at(0) == doctest::Approx(std::log(1 - agreement)).epsilon(1e-4));
    for (int64_t i = 0; i < 80; ++i) {
      const double target = is_top(i) ? 0.5 + 0.5 * most / mass : 0.5 * least / mass;
      CHECK(r.target.at(i) == doctest::Approx(target).epsilon(5e-6));
      CHECK(r.dlogits.at(i) == 0.0);
    }
  }
}

/// One clamped element among others: it counts in the target, and the others alone in the gradient.
inline void check_early_learning_partly_clamped(Device device, DType dtype) {
  EarlyLearningTensors in({1, 3, 1}, dtype);
  // p = 1/2, 1/2 and, before it is clamped, next to nothing.
  in.logits.fill([](int64_t c) { return c == 2 ? -64.0 : 0.0; });
  in.targets.fill([](int64_t c) { return c == 0 ? 0.5 : c == 1 ? 0.0 : 0.25; });
  in.momentum = 0.5;
  const EarlyLearningTensors r = run_early_learning(device, in);
  const double rest = 0.25 / (1 + 1e-4), first = 0.25 + rest;
  const double agreement = 0.5 * (first + rest) + 1e-4 * (0.125 + 1e-4 * 2 * rest);
  const double by_first = -(first - rest) / (4 * (1 - agreement));
  const double bound = dtype == DType::bf16 ? 0x1p-8 : 1e-5;
  CHECK(r.loss.at(0) == doctest::Approx(std::log(1 - agreement)).epsilon(1e-5));
  CHECK(r.dlogits.at(0) == doctest::Approx(by_first).epsilon(bound));
  CHECK(r.dlogits.at(1) == doctest::Approx(-by_first).epsilon(bound));
  CHECK(std::abs(r.dlogits.at(2)) < 1e-20);
}

/// A NaN makes the target of the row that reads it NaN, and the loss; other targets stay.
inline void check_early_learning_nan(Device device, DType dtype) {
  const EarlyLearningTensors clean({3, 40, 6}, dtype);
  const EarlyLearningTensors expected = run_early_learning(device, clean);
  EarlyLearningTensors bad_logit = clean, bad_target = clean;
  const double nan = std::numeric_limits<double>::quiet_NaN();
  bad_logit.logits.set(40 + 35, nan);
  bad_target.targets.set(static_cast<int64_t>(clean.samples.at(1)) * 40 + 35, nan);
  const EarlyLearningTensors logit = run_early_learning(device, bad_logit),
                             target = run_early_learning(device, bad_target);
  CHECK(std::isnan(logit.loss.at(0)));
  CHECK(std::isnan(target.loss.at(0)));
  for (int64_t i = 0; i < 120; ++i) {
    CHECK((i / 40 == 1 ? std::isnan(logit.target.at(i))
                       : logit.target.at(i) == expected.target.at(i)));
    CHECK((i == 40 + 35 ? std::isnan(target.target.at(i))
                        : target.target.at(i) == expected.target.at(i)));
    CHECK((i / 40 == 1 ? std::isnan(logit.dlogits.at(i)) && std::isnan(target.dlogits.at(i))
                       : logit.dlogits.at(i) == expected.dlogits.at(i)));
  }
}

}  // namespace lanet::test
