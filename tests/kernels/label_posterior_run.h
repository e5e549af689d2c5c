// What the tests of label_posterior on every device compute with.
#pragma once

#include "kernels/label_posterior_cases.h"
#include "tests/device_test.h"

namespace lanet::test {

/// Which of the tables a run has.
struct LabelTables {
  bool log_ratio = false, opinions = false;
};
inline constexpr LabelTables kLabelTables[] = {
    {false, false}, {true, false}, {false, true}, {true, true}};

inline LabelPosteriorTensors run_label_posterior(Device device, const LabelPosteriorTensors& in,
                                                 const LabelTables& tables = {true, true},
                                                 bool with_opinion = true) {
  Context context(device);
  LabelPosteriorTensors t = upload_all(context, in);
  LabelPosteriorArgs args = t.args();
  if (!tables.log_ratio) args.log_ratio = {};
  if (!tables.opinions) args.opinions = {};
  if (!tables.log_ratio && !tables.opinions) args.sample_indices = {};
  if (!with_opinion) args.opinion = {};
  label_posterior(context, args);
  t = download_all(std::move(t));
  CHECK(t.channel.bits_equal(in.channel));
  CHECK(t.log_ratio.bits_equal(in.log_ratio));
  CHECK(t.opinions.bits_equal(in.opinions));
  return t;
}

/// Every case with each choice of tables against the definition in double, twice the same bits.
inline void check_label_posterior_cases(Device device, DType dtype) {
  for (const auto& c : kLabelPosteriorCases) {
    if (c.bench) continue;
    for (const LabelTables& tables : kLabelTables) {
      CAPTURE(to_string(dtype));
      CAPTURE(c.batch);
      CAPTURE(tables.log_ratio);
      CAPTURE(tables.opinions);
      const LabelPosteriorTensors in(c, dtype);
      const LabelPosteriorTensors fast = run_label_posterior(device, in, tables);
      const LabelPosteriorTensors exact =
          run_label_posterior(Device::cpu, cast_all(in, DType::f64), tables);
      CHECK(relative_error(fast.target, exact.target) < rounding_bound(dtype, c.classes, 4));
      CHECK(relative_error(fast.opinion, exact.opinion) <
            rounding_bound(accumulate_dtype(dtype), c.classes, 2));
      const LabelPosteriorTensors again = run_label_posterior(device, in, tables);
      CHECK(again.target.bits_equal(fast.target));
      CHECK(again.opinion.bits_equal(fast.opinion));
    }
  }
}

/// Where every class of a row is excluded, by the channel or by the prior, the opinion stays; where
/// some are, the others have all of the target.
inline void check_label_posterior_excluded(Device device, DType dtype) {
  const double never = -std::numeric_limits<double>::infinity();
  LabelPosteriorTensors in({4, 40, 6}, dtype);
  in.labels.set(0, 5);
  for (int64_t y = 0; y < 40; ++y) in.channel.set(y * 40 + 5, 0);  // row 0: nobody gives label 5
  const int64_t sample1 = static_cast<int64_t>(in.samples.at(1)),
                sample2 = static_cast<int64_t>(in.samples.at(2));
  for (int64_t y = 0; y < 40; ++y) {
    in.log_ratio.set(sample1 * 40 + y, never);               // row 1: every class
    if (y != 38) in.log_ratio.set(sample2 * 40 + y, never);  // row 2: all but class 38
  }
  in.log_ratio.set(static_cast<int64_t>(in.samples.at(3)) * 40 + 7, never);  // row 3: class 7
  for (const bool opinions : {false, true}) {
    const LabelPosteriorTensors r = run_label_posterior(device, in, {true, opinions});
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
  const LabelPosteriorTensors clean({3, 40, 6}, dtype);
  const int64_t entry = static_cast<int64_t>(clean.samples.at(1)) * 40 + 35;
  const auto check = [&](const LabelPosteriorTensors& in, const char* where) {
    CAPTURE(where);
    const LabelPosteriorTensors r = run_label_posterior(device, in);
    const LabelPosteriorTensors expected = run_label_posterior(device, clean);
    for (int64_t i = 0; i < 120; ++i) {
      if (i / 40 == 1)
        CHECK(std::isnan(r.target.at(i)));
      else
        CHECK(r.target.at(i) == expected.target.at(i));
    }
  };
  LabelPosteriorTensors in = clean;
  in.logits.set(40 + 35, nan);
  check(in, "logits");
  in = clean;
  in.log_ratio.set(entry, nan);
  check(in, "log_ratio");
  in = clean;
  in.opinions.set(entry, nan);
  check(in, "opinions");
  in = clean;  // it must show among excluded classes, too
  for (int64_t y = 0; y < 40; ++y)
    in.log_ratio.set(entry - 35 + y, -std::numeric_limits<double>::infinity());
  in.log_ratio.set(entry, nan);
  check(in, "log_ratio, all others excluded");
}

/// Logits far apart overflow nothing, and an opinion that vanished comes back where the label says
/// so for certain.
inline void check_label_posterior_extremes(Device device, DType dtype) {
  LabelPosteriorTensors in({2, 3, 2}, dtype);
  in.logits.fill([](int64_t i) { return 1e4 * static_cast<double>(i % 3); });
  in.labels.fill([](int64_t) { return 0; });
  in.channel.fill([](int64_t i) { return i % 4 == 0 ? 1.0 : 0.0; });  // labels are right
  in.opinions.fill([](int64_t i) { return i % 3 == 2 ? 1.0 : 0.0; });
  in.log_ratio.fill([](int64_t i) { return i % 3 == 2 ? 80.0 : -80.0; });
  for (const LabelTables& tables : kLabelTables) {
    const LabelPosteriorTensors r = run_label_posterior(device, in, tables);
    for (int64_t i = 0; i < 6; ++i) {
      CHECK(r.target.at(i) == (i % 3 == 0 ? 1.0 : 0.0));
      CHECK(r.opinion.at(i) == (i % 3 == 2 ? 1.0 : 0.0));
    }
  }
}

}  // namespace lanet::test
