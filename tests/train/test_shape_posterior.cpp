// Shape networks on shapes whose classes are known.
#include "train/labels/shape_posterior.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "tests/train/shape_clouds.h"
#include "train/labels/noise_channel.h"

namespace lanet::test {
namespace {

std::vector<double> cross_fit(const Clouds& clouds, uint64_t seed, double rate = kRate,
                              int threads = 2) {
  ShapePosterior networks(clouds.shapes, clouds.valid, clouds.given, kClasses, seed, Device::cpu,
                          threads);
  return networks.cross_fit(symmetric_channel(kClasses, rate), {.networks = 2, .steps = 100});
}

}  // namespace

TEST_CASE("shape posterior: networks that know the noise see through it") {
  const Clouds clouds;
  const std::vector<double> p = cross_fit(clouds, 1);
  int64_t right = 0;
  double confidence = 0;
  for (int64_t i = 0; i < kFaces; ++i) {
    const auto row = p.begin() + i * kClasses;
    CHECK(row[0] + row[1] + row[2] == doctest::Approx(1));
    right += std::max_element(row, row + kClasses) - row == clouds.truth[i];
    confidence += row[clouds.truth[i]] / kFaces;
  }
  CHECK(right > 0.95 * kFaces);
  CHECK(confidence > 0.8);
  // Told that labels are right, they learn how often they are wrong, and are less sure.
  const std::vector<double> blind = cross_fit(clouds, 1, 0);
  double blind_confidence = 0;
  for (int64_t i = 0; i < kFaces; ++i)
    blind_confidence += blind[i * kClasses + clouds.truth[i]] / kFaces;
  CHECK(blind_confidence < confidence - 0.1);
}

TEST_CASE("shape posterior: the same seed gives the same bits in any number of threads") {
  const Clouds clouds;
  for (const int threads : {1, 3})
    CHECK(cross_fit(clouds, 1, kRate, threads) == cross_fit(clouds, 1));
  CHECK(cross_fit(clouds, 1) != cross_fit(clouds, 2));
}

TEST_CASE(
    "shape posterior: no face's own label reaches its posterior, and invalid faces have none") {
  Clouds clouds;
  clouds.valid[0] = 0;
  const std::vector<double> before = cross_fit(clouds, 1);
  for (int64_t c = 0; c < kClasses; ++c) CHECK(before[c] == 0);
  // One label changes: the posteriors of its own fold stay, those of the other folds do not.
  clouds.given[1] = static_cast<int32_t>((clouds.given[1] + 1) % kClasses);
  const std::vector<double> after = cross_fit(clouds, 1);
  int64_t same = 0;
  for (int64_t i = 1; i < kFaces; ++i)
    same += std::equal(before.begin() + i * kClasses, before.begin() + (i + 1) * kClasses,
                       after.begin() + i * kClasses);
  CHECK(std::equal(before.begin() + kClasses, before.begin() + 2 * kClasses,
                   after.begin() + kClasses));
  CHECK(same >= (kFaces - 1) / kShapeFolds);
  CHECK(same <= (kFaces - 1) / kShapeFolds + 1);
}

TEST_CASE("shape posterior: fewer faces with landmarks than folds are refused") {
  Clouds clouds;
  std::fill(clouds.valid.begin() + kShapeFolds - 1, clouds.valid.end(), uint8_t{0});
  CHECK_THROWS_WITH_AS(cross_fit(clouds, 1),
                       "4 training faces with valid landmarks; expected at least 5", InputError);
}

TEST_CASE("shape posterior: progress counts every step, fewer for few faces") {
  const Clouds clouds;
  ShapePosterior networks(clouds.shapes, clouds.valid, clouds.given, kClasses, 1, Device::cpu, 1);
  const ShapeEffort effort{.networks = 2, .steps = 3};
  CHECK(networks.steps(effort) == 2 * 3 * kShapeFolds);
  int64_t last = 0;
  networks.cross_fit(symmetric_channel(kClasses, kRate), effort, [&](int64_t step) {
    CHECK(step == last + 1);
    last = step;
  });
  CHECK(last == networks.steps(effort));
  CHECK(networks.steps({.networks = 1, .steps = 1000000}) < 1000000);
}

}  // namespace lanet::test
