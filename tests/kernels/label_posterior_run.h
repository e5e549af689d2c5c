// What the tests of label_posterior on every device compute with.
#pragma once

#include "kernels/label_posterior.h"
#include "kernels/label_posterior_cases.h"
#include "tests/device_test.h"

namespace lanet::test {

/// Which of the tables a run has.
struct LabelTables {
  bool log_prior = false, opinions = false;
};
inline constexpr LabelTables kLabelTables[] = {
    {false, false}, {true, false}, {false, true}, {true, true}};

/// Rows of positive numbers that add up to 1.
inline OwnedTensor distributions(const Shape& shape, DType dtype, uint32_t seed) {
  const auto raw = OwnedTensor::random(shape, DType::f64, seed, 0.05, 1);
  OwnedTensor rows(shape, dtype);
  rows.fill([&](int64_t i) {
    const int64_t first = i / shape[1] * shape[1];
    double sum = 0;
    for (int64_t c = 0; c < shape[1]; ++c) sum += raw.at(first + c);
    return raw.at(i) / sum;
  });
  return rows;
}

struct LabelPosteriorInputs {
  OwnedTensor logits, labels, samples, channel, log_prior, opinions;
  double momentum = 0.75;

  LabelPosteriorInputs(const LabelPosteriorCase& c, DType dtype)
      : logits(OwnedTensor::random({c.batch, c.classes}, dtype, 1, -3, 3)),
        labels({c.batch}, DType::i32),
        samples({c.batch}, DType::i32),
        channel(distributions({c.classes, c.classes}, accumulate_dtype(dtype), 2)),
        log_prior(OwnedTensor::random({c.samples, c.classes}, accumulate_dtype(dtype), 3, -4, 1)),
        opinions(distributions({c.samples, c.classes}, accumulate_dtype(dtype), 4)) {
    labels.fill([&](int64_t b) { return (3 * b + 1) % c.classes; });
    samples.fill([&](int64_t b) { return (5 * b + 2) % c.samples; });
  }
  /// The same numbers, those that were rounded too, in f64.
  LabelPosteriorInputs exact() const {
    LabelPosteriorInputs other = *this;
    for (OwnedTensor LabelPosteriorInputs::*member :
         {&LabelPosteriorInputs::logits, &LabelPosteriorInputs::channel,
          &LabelPosteriorInputs::log_prior, &LabelPosteriorInputs::opinions})
      other.*member = (this->*member).cast(DType::f64);
    return other;
  }
};

struct LabelPosteriorRun {
  OwnedTensor target, opinion;
};

inline LabelPosteriorRun run_label_posterior(Device device, const LabelPosteriorInputs& in,
                                             const LabelTables& tables = {true, true},
                                             bool with_opinion = true) {
  Context context(device);
  const Shape shape = in.logits.shape();
  const DType dtype = in.logits.dtype();
  const OwnedTensor logits(context, in.logits), labels(context, in.labels),
      samples(context, in.samples), channel(context, in.channel), log_prior(context, in.log_prior),
      opinions(context, in.opinions), target(context, OwnedTensor(shape, dtype)),
      opinion(context, OwnedTensor(shape, accumulate_dtype(dtype)));
  label_posterior(
      context, {.logits = logits,
                .labels = labels,
                .sample_indices = tables.log_prior || tables.opinions ? samples.tensor() : Tensor{},
                .channel = channel,
                .log_prior = tables.log_prior ? log_prior.tensor() : Tensor{},
                .opinions = tables.opinions ? opinions.tensor() : Tensor{},
                .target = target,
                .opinion = with_opinion ? opinion.tensor() : Tensor{},
                .momentum = in.momentum});
  CHECK(channel.download().bits_equal(in.channel));
  CHECK(log_prior.download().bits_equal(in.log_prior));
  CHECK(opinions.download().bits_equal(in.opinions));
  return {target.download(), opinion.download()};
}

/// Every case with each choice of tables against the definition in double, twice the same bits.
inline void check_label_posterior_cases(Device device, DType dtype) {
  for (const auto& c : kLabelPosteriorCases) {
    if (c.bench) continue;
    for (const LabelTables& tables : kLabelTables) {
      CAPTURE(to_string(dtype));
      CAPTURE(c.batch);
      CAPTURE(tables.log_prior);
      CAPTURE(tables.opinions);
      const LabelPosteriorInputs in(c, dtype);
      const LabelPosteriorRun fast = run_label_posterior(device, in, tables);
      const LabelPosteriorRun exact = run_label_posterior(Device::cpu, in.exact(), tables);
      CHECK(relative_error(fast.target, exact.target) < rounding_bound(dtype, c.classes, 4));
      CHECK(relative_error(fast.opinion, exact.opinion) <
            rounding_bound(accumulate_dtype(dtype), c.classes, 2));
      const LabelPosteriorRun again = run_label_posterior(device, in, tables);
      CHECK(again.target.bits_equal(fast.target));
      CHECK(again.opinion.bits_equal(fast.opinion));
    }
  }
}

/// Where every class of a row is excluded, by the channel or by the prior, the opinion stays; where
/// some are, the others have all of the target.
inline void check_label_posterior_excluded(Device device, DType dtype) {
  const double never = -std::numeric_limits<double>::infinity();
  LabelPosteriorInputs in({4, 40, 6}, dtype);
  in.labels.set(0, 5);
  for (int64_t y = 0; y < 40; ++y) in.channel.set(y * 40 + 5, 0);  // row 0: nobody gives label 5
  const int64_t sample1 = static_cast<int64_t>(in.samples.at(1)),
                sample2 = static_cast<int64_t>(in.samples.at(2));
  for (int64_t y = 0; y < 40; ++y) {
    in.log_prior.set(sample1 * 40 + y, never);               // row 1: every class
    if (y != 38) in.log_prior.set(sample2 * 40 + y, never);  // row 2: all but class 38
  }
  in.log_prior.set(static_cast<int64_t>(in.samples.at(3)) * 40 + 7, never);  // row 3: class 7
  for (const bool opinions : {false, true}) {
    const LabelPosteriorRun r = run_label_posterior(device, in, {true, opinions});
    const double bound = rounding_bound(dtype, 40);
    for (int64_t y = 0; y < 80; ++y) CHECK(std::abs(r.target.at(y) - r.opinion.at(y)) < bound);
    for (int64_t y = 0; y < 40; ++y) CHECK(r.target.at(80 + y) == (y == 38 ? 1.0 : 0.0));
    double sum = 0;
    for (int64_t y = 0; y < 40; ++y) sum += r.target.at(120 + y);
    CHECK(r.target.at(120 + 7) == 0.0);
    CHECK(sum == doctest::Approx(1).epsilon(0.02));
  }
}

/// A NaN makes the targets of the rows that read it NaN, and no others.
inline void check_label_posterior_nan(Device device, DType dtype) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const LabelPosteriorInputs clean({3, 40, 6}, dtype);
  const int64_t entry = static_cast<int64_t>(clean.samples.at(1)) * 40 + 35;
  const auto check = [&](const LabelPosteriorInputs& in, const char* where) {
    CAPTURE(where);
    const LabelPosteriorRun r = run_label_posterior(device, in);
    const LabelPosteriorRun expected = run_label_posterior(device, clean);
    for (int64_t i = 0; i < 120; ++i) {
      if (i / 40 == 1)
        CHECK(std::isnan(r.target.at(i)));
      else
        CHECK(r.target.at(i) == expected.target.at(i));
    }
  };
  LabelPosteriorInputs in = clean;
  in.logits.set(40 + 35, nan);
  check(in, "logits");
  in = clean;
  in.log_prior.set(entry, nan);
  check(in, "log_prior");
  in = clean;
  in.opinions.set(entry, nan);
  check(in, "opinions");
  in = clean;  // it must show among excluded classes, too
  for (int64_t y = 0; y < 40; ++y)
    in.log_prior.set(entry - 35 + y, -std::numeric_limits<double>::infinity());
  in.log_prior.set(entry, nan);
  check(in, "log_prior, all others excluded");
}

/// Logits far apart overflow nothing, and an opinion that vanished comes back where the label says
/// so for certain.
inline void check_label_posterior_extremes(Device device, DType dtype) {
  LabelPosteriorInputs in({2, 3, 2}, dtype);
  in.logits.fill([](int64_t i) { return 1e4 * static_cast<double>(i % 3); });
  in.labels.fill([](int64_t) { return 0; });
  in.channel.fill([](int64_t i) { return i % 4 == 0 ? 1.0 : 0.0; });  // labels are right
  in.opinions.fill([](int64_t i) { return i % 3 == 2 ? 1.0 : 0.0; });
  in.log_prior.fill([](int64_t i) { return i % 3 == 2 ? 80.0 : -80.0; });
  for (const LabelTables& tables : kLabelTables) {
    const LabelPosteriorRun r = run_label_posterior(device, in, tables);
    for (int64_t i = 0; i < 6; ++i) {
      CHECK(r.target.at(i) == (i % 3 == 0 ? 1.0 : 0.0));
      CHECK(r.opinion.at(i) == (i % 3 == 2 ? 1.0 : 0.0));
    }
  }
}

}  // namespace lanet::test
