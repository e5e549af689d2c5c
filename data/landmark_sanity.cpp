#include "data/landmark_sanity.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "core/error.h"

namespace lanet {

namespace {

/// One face: x and y of its landmarks in turn.
using Points = std::span<const float>;

bool is_outside(Points face, double side) {
  return std::any_of(face.begin(), face.end(), [&](float v) { return v < 0 || v > side; });
}

bool is_mirrored(Points face, std::span<const int32_t> partners) {
  int exchanged = 0, pairs = 0;
  for (size_t l = 0; l < partners.size(); ++l) {
    const auto partner = static_cast<size_t>(partners[l]);
    if (partner <= l) continue;
    ++pairs;
    exchanged += face[2 * l] > face[2 * partner];
  }
  return 2 * exchanged > pairs;
}

/// Root of the mean squared distance from the centre.
double spread_of(Points face) {
  double mean[2] = {}, sum = 0;
  const double count = static_cast<double>(face.size()) / 2;
  for (size_t i = 0; i < face.size(); ++i) mean[i % 2] += face[i] / count;
  for (size_t i = 0; i < face.size(); ++i) sum += (face[i] - mean[i % 2]) * (face[i] - mean[i % 2]);
  return std::sqrt(sum / count);
}

}  // namespace

LandmarkSanity landmark_sanity(std::span<const float> points, std::span<const uint8_t> valid,
                               double side, std::span<const int32_t> flip_permutation) {
  const size_t width = 2 * flip_permutation.size();
  LANET_REQUIRE(points.size() == valid.size() * width,
                "{} coordinates of {} faces with {} landmarks", points.size(), valid.size(),
                flip_permutation.size());
  LandmarkSanity result;
  std::set<std::vector<float>> seen;
  std::vector<double> spreads;
  for (size_t i = 0; i < valid.size(); ++i) {
    const auto face = static_cast<int64_t>(i);
    if (!valid[i]) {
      result.missing.push_back(face);
      continue;
    }
    const Points at = points.subspan(i * width, width);
    if (is_outside(at, side)) result.outside.push_back(face);
    if (is_mirrored(at, flip_permutation)) result.mirrored.push_back(face);
    if (!seen.emplace(at.begin(), at.end()).second) result.identical.push_back(face);
    spreads.push_back(spread_of(at));
  }
  if (spreads.empty()) return result;

  std::vector<double> sorted = spreads;
  const auto middle = sorted.begin() + static_cast<ptrdiff_t>(sorted.size() / 2);
  std::nth_element(sorted.begin(), middle, sorted.end());
  const double median = *middle;
  auto spread = spreads.begin();
  for (size_t i = 0; i < valid.size(); ++i) {
    if (!valid[i]) continue;
    if (*spread < median / 2 || *spread > median * 2)
      result.spread.push_back(static_cast<int64_t>(i));
    ++spread;
  }
  return result;
}

}  // namespace lanet
