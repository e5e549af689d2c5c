// What held-out pictures add to the landmarks: joined, they find more wrong labels than either.
#include "train/labels/joined_evidence.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/error.h"
#include "core/rng.h"
#include "tests/input_error.h"
#include "train/judge.h"

namespace lanet::test {
namespace {

constexpr int64_t kClasses = 4, kFaces = 1200;

/// Faces of known classes: what networks say of them, what shapes say, and labels of which three in
/// ten are wrong, as any other class or, systematically, as the next one.
struct Scene {
  explicit Scene(bool systematic = false) {
    for (int64_t i = 0; i < kFaces; ++i) {
      RandomStream stream(3, Purpose::sampler, 0, static_cast<uint32_t>(i));
      const auto truth_of = static_cast<int32_t>(i % kClasses);
      truth.push_back(truth_of);
      const bool wrong = stream.uniform() < 0.3f;
      const int32_t shift = systematic ? 1 : 1 + static_cast<int32_t>(stream.uniform() * 2.999f);
      given.push_back(wrong ? (truth_of + shift) % kClasses : truth_of);
      add_evidence(stream, truth_of, pictures);
      std::vector<double> shape;
      add_evidence(stream, truth_of, shape);
      for (const double p : shape) knowledge.log_ratio.push_back(std::log(p * kClasses));
    }
  }

  /// Probabilities that favour the truth in about two faces of three.
  static void add_evidence(RandomStream& stream, int32_t truth, std::vector<double>& to) {
    std::vector<double> row(kClasses);
    double sum = 0;
    for (int64_t c = 0; c < kClasses; ++c)
      sum += row[c] = std::exp(2.5 * stream.uniform() + (c == truth ? 1.2 : 0.0));
    for (const double p : row) to.push_back(p / sum);
  }

  double average_precision(std::span<const double> estimates) const {
    return judge_estimates(estimates, given, truth).average_precision;
  }

  std::vector<double> pictures;
  std::vector<int32_t> truth, given;
  LabelKnowledge knowledge{.channel = symmetric_channel(kClasses, 0.3),
                           .prior = std::vector<double>(kClasses, 1.0 / kClasses),
                           .log_ratio = {}};
};

}  // namespace

TEST_CASE("joined evidence: pictures and shapes together rank better than either") {
  const Scene scene;
  const JoinedEvidence joined = join_evidence(scene.pictures, scene.knowledge, scene.given, 0);
  const double both = scene.average_precision(joined.posterior);
  CHECK(both > scene.average_precision(scene.pictures) + 0.05);
  CHECK(both > scene.average_precision(label_posterior(scene.knowledge, scene.given)) + 0.05);
  for (int64_t i = 0; i < kFaces; ++i) {
    const auto row = joined.posterior.begin() + i * kClasses;
    CHECK(std::accumulate(row, row + kClasses, 0.0) == doctest::Approx(1));
  }
}

TEST_CASE("joined evidence: pictures that say nothing change nothing") {
  Scene scene;
  RandomStream stream(4, Purpose::sampler, 0, 0);
  scene.pictures.clear();
  for (int64_t i = 0; i < kFaces; ++i) Scene::add_evidence(stream, -1, scene.pictures);
  const JoinedEvidence joined = join_evidence(scene.pictures, scene.knowledge, scene.given, 0);
  CHECK(joined.summary.find("pictures^0 ") != std::string::npos);
  CHECK(scene.average_precision(joined.posterior) ==
        doctest::Approx(scene.average_precision(label_posterior(scene.knowledge, scene.given)))
            .epsilon(0.02));
}

TEST_CASE("joined evidence: a channel that the shapes got wrong is found again") {
  const Scene scene(/*systematic=*/true);
  const JoinedEvidence joined = join_evidence(scene.pictures, scene.knowledge, scene.given, 0);
  CHECK(joined.summary.find("channel: full") != std::string::npos);
  for (int64_t y = 0; y < kClasses; ++y)
    CHECK(joined.channel[y * kClasses + (y + 1) % kClasses] > 0.2);
  CHECK(scene.average_precision(joined.posterior) >
        scene.average_precision(label_posterior(scene.knowledge, scene.given)) + 0.1);
}

TEST_CASE("joined evidence: the smallest share of wrong labels is assumed") {
  Scene scene;
  scene.given = scene.truth;
  const JoinedEvidence joined = join_evidence(scene.pictures, scene.knowledge, scene.given, 0.2);
  for (int64_t y = 0; y < kClasses; ++y) CHECK(joined.channel[y * kClasses + y] < 0.81);
}

TEST_CASE("joined evidence: arguments of different sizes are refused") {
  const Scene scene;
  CHECK_THROWS_AS(
      join_evidence(std::span(scene.pictures).first(8), scene.knowledge, scene.given, 0), Error);
}

}  // namespace lanet::test
