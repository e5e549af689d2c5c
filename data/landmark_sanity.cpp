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

/// The longer side of the box around a face.
double extent_of(Points face) {
  double low[2] = {face[0], face[1]}, high[2] = {face[0], face[1]};
  for (size_t i = 0; i < face.size(); ++i) {
    low[i % 2] = std::min(low[i % 2], static_cast<double>(face[i]));
    high[i % 2] = std::max(high[i % 2], static_cast<double>(face[i]));
  }
  return std::max(high[0] - low[0], high[1] - low[1]);
}

double median_of(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
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
    if (!valid[i]) continue;
    const Points at = points.subspan(i * width, width);
    if (is_outside(at, side)) result.outside.push_back(face);
    if (is_mirrored(at, flip_permutation)) result.mirrored.push_back(face);
    if (!seen.emplace(at.begin(), at.end()).second) result.identical.push_back(face);
    spreads.push_back(spread_of(at));
  }
  if (spreads.empty()) return result;

  const double median = median_of(spreads);
  auto spread = spreads.begin();
  for (size_t i = 0; i < valid.size(); ++i) {
    if (!valid[i]) continue;
    if (*spread < median / 2 || *spread > median * 2)
      result.spread.push_back(static_cast<int64_t>(i));
    ++spread;
  }
  return result;
}

std::vector<std::string> doubtful_landmarks(std::span<const float> points,
                                            std::span<const uint8_t> valid, double side,
                                            std::span<const int32_t> flip_permutation,
                                            const std::string& file) {
  constexpr double kSmallestExtent = 0.25;  // even loose crops have faces of twice that
  const size_t width = 2 * flip_permutation.size();
  std::vector<double> extents;
  for (size_t i = 0; i < valid.size(); ++i)
    if (valid[i]) extents.push_back(extent_of(points.subspan(i * width, width)));
  std::vector<std::string> lines;
  if (extents.empty()) return lines;
  const double extent = median_of(extents) / side;
  if (extent < kSmallestExtent)
    lines.push_back(
        fmt::format("{}: the landmarks of the median face span {:.0f} % of its picture; are "
                    "data.landmark_coordinates and data.landmark_size those of the file?",
                    file, 100 * extent));
  const size_t mirrored = landmark_sanity(points, valid, side, flip_permutation).mirrored.size();
  if (2 * mirrored > extents.size())
    lines.push_back(
        fmt::format("{}: left and right are exchanged in {} of {} faces; left is that of the "
                    "picture, not of the person",
                    file, mirrored, extents.size()));
  return lines;
}

}  // namespace lanet
