// t-SNE by itself: what is alike lies together, and always at the same place.
#include "train/report/tsne.h"

#include <doctest/doctest.h>
#include <omp.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "core/rng.h"

namespace lanet::test {
namespace {

constexpr int64_t kClusters = 4, kSize = 20, kPoints = kClusters * kSize, kWidth = 30;

/// Clusters of points around far corners of a cube of many dimensions.
std::vector<float> clusters() {
  std::vector<float> features;
  for (int64_t i = 0; i < kPoints; ++i) {
    RandomStream stream(/*seed=*/1, Purpose::test, static_cast<uint32_t>(i));
    for (int64_t d = 0; d < kWidth; ++d)
      features.push_back(static_cast<float>(normal(stream) + (d == i / kSize ? 12 : 0)));
  }
  return features;
}

double squared_distance(const std::vector<double>& points, int64_t a, int64_t b) {
  return std::pow(points[2 * a] - points[2 * b], 2) +
         std::pow(points[2 * a + 1] - points[2 * b + 1], 2);
}

/// The other point that is nearest.
int64_t nearest(const std::vector<double>& points, int64_t point) {
  int64_t best = point == 0 ? 1 : 0;
  for (int64_t i = 0; i < kPoints; ++i)
    if (i != point && squared_distance(points, point, i) < squared_distance(points, point, best))
      best = i;
  return best;
}

}  // namespace

TEST_CASE("tsne: points of a cluster lie together, and apart from the others") {
  const std::vector<double> points = tsne(clusters(), kPoints, 15);
  REQUIRE(points.size() == 2 * kPoints);
  double within = 0, between = INFINITY;
  for (int64_t i = 0; i < kPoints; ++i) {
    CHECK(nearest(points, i) / kSize == i / kSize);
    for (int64_t j = 0; j < i; ++j)
      if (i / kSize == j / kSize)
        within = std::max(within, squared_distance(points, i, j));
      else
        between = std::min(between, squared_distance(points, i, j));
  }
  CHECK(within < between);
  double x = 0, y = 0;
  for (int64_t i = 0; i < kPoints; ++i) {
    x += points[2 * i];
    y += points[2 * i + 1];
  }
  CHECK(std::abs(x) + std::abs(y) < 1e-6);
}

TEST_CASE("tsne: the same bits with one thread and with three") {
  const int before = omp_get_max_threads();
  omp_set_num_threads(1);
  const std::vector<double> one = tsne(clusters(), kPoints, 15);
  omp_set_num_threads(3);
  const std::vector<double> three = tsne(clusters(), kPoints, 15);
  omp_set_num_threads(before);
  CHECK((one == three));
}

TEST_CASE("tsne: the unit of the features changes no bit, by a power of two") {
  std::vector<float> scaled = clusters();
  for (float& value : scaled) value *= 0x1p-20F;
  CHECK((tsne(scaled, kPoints, 15) == tsne(clusters(), kPoints, 15)));
}

TEST_CASE("tsne: affinities have the perplexity that was asked for") {
  // Of points on a circle each sees the same, so p(j | i) is the joint affinity times N.
  constexpr int64_t kCount = 24;
  std::vector<double> distances;
  for (int64_t i = 0; i < kCount; ++i)
    for (int64_t j = 0; j < kCount; ++j) {
      const double angle = 2 * M_PI * static_cast<double>(i - j) / kCount;
      distances.push_back(2 - 2 * std::cos(angle));
    }
  for (const double perplexity : {2.0, 5.0, 20.0}) {
    CAPTURE(perplexity);
    const std::vector<double> joint = tsne_affinities(distances, kCount, perplexity);
    double sum = 0, entropy = 0;
    for (int64_t i = 0; i < kCount; ++i)
      for (int64_t j = 0; j < kCount; ++j) {
        const double p = joint[i * kCount + j];
        sum += p;
        CHECK(p == doctest::Approx(joint[j * kCount + i]).epsilon(1e-12));
        CHECK((p == 0) == (i == j));
        if (i == 0 && p > 0) entropy -= kCount * p * std::log(kCount * p);
      }
    CHECK(sum == doctest::Approx(1).epsilon(1e-9));
    CHECK(std::exp(entropy) == doctest::Approx(perplexity).epsilon(1e-6));
  }
}

TEST_CASE("tsne: points that are all the same, or few, have finite places") {
  const std::vector<float> same(10 * kWidth, 0.5F);
  for (const double value : tsne(same, 10, 3)) CHECK(value == 0);
  std::vector<float> twice = clusters();
  std::copy_n(twice.begin(), kPoints / 2 * kWidth, twice.begin() + kPoints / 2 * kWidth);
  for (const double value : tsne(twice, kPoints, 10)) CHECK(std::isfinite(value));
  const std::vector<float> all = clusters();
  const std::vector<double> few = tsne({all.data(), 8 * kWidth}, 8, 7.0 / 3);
  for (const double value : few) CHECK(std::abs(value) < 1e4);
  CHECK_THROWS_AS(tsne({same.data(), 4 * kWidth}, 4, 1.5), Error);
  CHECK_THROWS_AS(tsne(same, 10, 9), Error);
}

}  // namespace lanet::test
