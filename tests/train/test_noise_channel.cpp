// The noise channel, estimated from posteriors that are known to be right.
#include "train/labels/noise_channel.h"

#include <doctest/doctest.h>

#include <cmath>
#include <numeric>

#include "core/rng.h"

namespace lanet::test {
namespace {

constexpr int64_t kClasses = 3, kFaces = 20000;

/// Faces whose posteriors are calibrated: true classes are drawn from them, given labels by
/// `channel`.
struct Drawn {
  explicit Drawn(const NoiseChannel& channel) {
    RandomStream random(5, Purpose::test);
    const auto draw = [&](const double* p) {
      double u = random.uniform();
      int32_t c = 0;
      while (c < kClasses - 1 && u >= p[c]) u -= p[c++];
      return c;
    };
    for (int64_t i = 0; i < kFaces; ++i) {
      double row[kClasses], sum = 0;
      for (double& p : row) sum += p = std::exp(2 * normal(random));
      for (double& p : row) posteriors.push_back(p /= sum);
      truth.push_back(draw(row));
      given.push_back(draw(channel.data() + truth.back() * kClasses));
    }
  }
  std::vector<double> posteriors;
  std::vector<int32_t> truth, given;
};

double largest_difference(const std::vector<double>& a, const std::vector<double>& b) {
  REQUIRE(a.size() == b.size());
  double largest = 0;
  for (size_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::abs(a[i] - b[i]));
  return largest;
}

const NoiseChannel kConfusing = {0.7, 0.3, 0.0, 0.05, 0.9, 0.05, 0.1, 0.3, 0.6};

}  // namespace

TEST_CASE("noise channel: a symmetric one has one rate, shared by the other classes") {
  CHECK(symmetric_channel(3, 0.5) ==
        NoiseChannel{0.5, 0.25, 0.25, 0.25, 0.5, 0.25, 0.25, 0.25, 0.5});
}

TEST_CASE("noise channel: the likelihood of two faces by hand") {
  const std::vector<double> posteriors = {0.5, 0.5, 1, 0};
  const std::vector<int32_t> given = {0, 1};
  // 0.5·0.8 + 0.5·0.4 and 1·0.2
  CHECK(log_likelihood(posteriors, given, {0.8, 0.2, 0.4, 0.6}) ==
        doctest::Approx((std::log(0.6) + std::log(0.2)) / 2).epsilon(1e-12));
}

TEST_CASE("noise channel: EM finds the rate of symmetric noise from either side") {
  const Drawn drawn(symmetric_channel(kClasses, 0.3));
  for (const double start : {0.05, 0.6}) {
    const NoiseChannel found = fit_channel(
        drawn.posteriors, drawn.given, symmetric_channel(kClasses, start), ChannelForm::symmetric);
    CHECK(largest_difference(found, symmetric_channel(kClasses, 0.3)) < 0.02);
  }
}

TEST_CASE("noise channel: EM finds every row of noise that depends on the class") {
  const Drawn drawn(kConfusing);
  const NoiseChannel found = fit_channel(drawn.posteriors, drawn.given,
                                         symmetric_channel(kClasses, 0.2), ChannelForm::full);
  CHECK(largest_difference(found, kConfusing) < 0.03);
  for (int64_t y = 0; y < kClasses; ++y)
    CHECK(std::accumulate(found.begin() + y * kClasses, found.begin() + (y + 1) * kClasses, 0.0) ==
          doctest::Approx(1));
  CHECK(log_likelihood(drawn.posteriors, drawn.given, found) >=
        log_likelihood(drawn.posteriors, drawn.given, kConfusing));
}

TEST_CASE("noise channel: the surest faces of each class are its anchors") {
  const std::vector<double> posteriors = {0.9, 0.1, 0.6, 0.4, 0.2, 0.8, 0.1, 0.9};
  const std::vector<int32_t> given = {0, 1, 0, 1};
  const NoiseChannel found = anchor_channel(posteriors, given, 2, 0.5);
  // Of class 0 faces 0 and 1, of class 1 faces 3 and 2: each pair has one label of either class.
  CHECK(largest_difference(found, {0.5, 0.5, 0.5, 0.5}) < 1e-12);
  const NoiseChannel one = anchor_channel(posteriors, given, 2, 0.0);  // one face each
  CHECK(largest_difference(one, {1, 0, 0, 1}) < 2e-4);
}

TEST_CASE("noise channel: a floor adds symmetric noise up to it, and none beyond") {
  const NoiseChannel raised = with_floor(symmetric_channel(kClasses, 0.1), 0.1, 0.25);
  CHECK(largest_difference(raised, symmetric_channel(kClasses, 0.25)) < 1e-12);
  CHECK(with_floor(kConfusing, 0.3, 0.25) == kConfusing);
  const Drawn drawn(kConfusing);
  const double rate = noise_rate(drawn.posteriors, drawn.given, kConfusing);
  const NoiseChannel more = with_floor(kConfusing, rate, 0.5);
  double wrong = 0;
  for (int64_t i = 0; i < kFaces; ++i)
    wrong += (1 - more[drawn.truth[i] * (kClasses + 1)]) / static_cast<double>(kFaces);
  CHECK(std::abs(wrong - 0.5) < 0.03);
  for (int64_t y = 0; y < kClasses; ++y)
    CHECK(std::accumulate(more.begin() + y * kClasses, more.begin() + (y + 1) * kClasses, 0.0) ==
          doctest::Approx(1));
  const NoiseChannel from_none = with_floor(symmetric_channel(kClasses, 0), 0, 0.2);
  CHECK(largest_difference(from_none, symmetric_channel(kClasses, 0.2)) < 1e-12);
}

TEST_CASE("noise channel: held out faces favour the channel that made the labels") {
  const Drawn drawn(symmetric_channel(kClasses, 0.3));
  const auto likelihood = [&](ChannelForm form) {
    return held_out_likelihood(drawn.posteriors, drawn.given, symmetric_channel(kClasses, 0.2),
                               form);
  };
  CHECK(likelihood(ChannelForm::symmetric) > likelihood(ChannelForm::full));
  const Drawn confused(kConfusing);
  CHECK(held_out_likelihood(confused.posteriors, confused.given, kConfusing, ChannelForm::full) >
        held_out_likelihood(confused.posteriors, confused.given, symmetric_channel(kClasses, 0.2),
                            ChannelForm::symmetric));
}

TEST_CASE("noise channel: rate and prior are those of the faces") {
  const Drawn drawn(kConfusing);
  std::vector<double> prior(kClasses);
  double wrong = 0;
  for (int64_t i = 0; i < kFaces; ++i) {
    prior[drawn.truth[i]] += 1.0 / kFaces;
    wrong += (drawn.truth[i] != drawn.given[i]) / static_cast<double>(kFaces);
  }
  CHECK(std::abs(noise_rate(drawn.posteriors, drawn.given, kConfusing) - wrong) < 0.01);
  CHECK(largest_difference(class_prior(drawn.posteriors, drawn.given, kConfusing), prior) < 0.01);
}

}  // namespace lanet::test
