#include "data/landmark_sanity.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "core/error.h"
#include "data/landmark_schemes.h"

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

struct Point {
  double x = 0, y = 0;
};

/// The mean of some landmarks, the first of which has this number.
Point middle_of(Points face, size_t first, size_t count) {
  Point middle;
  for (size_t l = first; l < first + count; ++l) {
    middle.x += face[2 * l] / static_cast<double>(count);
    middle.y += face[2 * l + 1] / static_cast<double>(count);
  }
  return middle;
}

/// Whether eyes, nose and mouth are not below one another, or the eyes not side by side, however
/// the head is turned and tilted.
bool is_disordered(Points face) {
  constexpr double kMostSlant = 0.7;  // cosine of the angle between the eyes' line and the face's
  const bool few = face.size() == size_t{2} * kFewLandmarks;
  const Point left = few ? middle_of(face, 0, 1) : middle_of(face, 6, 3),
              right = few ? middle_of(face, 1, 1) : middle_of(face, 9, 3),
              nose = few ? middle_of(face, 2, 1) : middle_of(face, 13, 1),
              mouth = few ? middle_of(face, 3, 2) : middle_of(face, 15, 3);
  const Point eyes{(left.x + right.x) / 2, (left.y + right.y) / 2};
  const Point down{mouth.x - eyes.x, mouth.y - eyes.y}, across{right.x - left.x, right.y - left.y};
  const double square = down.x * down.x + down.y * down.y;
  const Point to_nose{nose.x - eyes.x, nose.y - eyes.y};
  const double nose_at = to_nose.x * down.x + to_nose.y * down.y,
               nose_beside = std::abs(to_nose.x * down.y - to_nose.y * down.x);
  const double slant = std::abs(across.x * down.x + across.y * down.y);
  return down.y <= 0 || nose_at <= 0 || nose_at >= square || nose_beside >= square ||
         slant >= kMostSlant * std::sqrt(square) * std::hypot(across.x, across.y);
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
  constexpr double kFarthestCentre = 0.15;  // from the middle; of real sets it is at most 0.02
  constexpr size_t kFew = 10;               // a tenth of the faces may be odd
  const size_t width = 2 * flip_permutation.size();  // 19 landmarks or 5
  std::vector<double> extents, centres;
  size_t disordered = 0;
  for (size_t i = 0; i < valid.size(); ++i) {
    if (!valid[i]) continue;
    const Points face = points.subspan(i * width, width);
    extents.push_back(extent_of(face));
    centres.push_back(middle_of(face, 0, flip_permutation.size()).x);
    disordered += is_disordered(face);
  }
  std::vector<std::string> lines;
  if (extents.empty()) return lines;
  const auto doubt = [&](const std::string& what) {
    lines.push_back(fmt::format("{}: {}", file, what));
  };
  constexpr const char* kUnits =
      "are data.landmark_coordinates and data.landmark_size those of the file?";
  const size_t count = extents.size();
  const double extent = median_of(extents) / side, centre = median_of(centres) / side;
  if (extent < kSmallestExtent)
    doubt(fmt::format("the landmarks of the median face span {:.0f} % of its picture; {}",
                      100 * extent, kUnits));
  else if (std::abs(centre - 0.5) > kFarthestCentre)
    doubt(fmt::format("the median face is at {:.0f} % of the width of its picture; {}",
                      100 * centre, kUnits));
  const LandmarkSanity sanity = landmark_sanity(points, valid, side, flip_permutation);
  const bool mirrored = 2 * sanity.mirrored.size() > count;
  if (mirrored)
    doubt(fmt::format(
        "left and right are exchanged in {} of {} faces; left is that of the picture, not of the "
        "person",
        sanity.mirrored.size(), count));
  else if (kFew * disordered > count)
    doubt(fmt::format(
        "in {} of {} faces eyes, nose and mouth are not below one another; expected x and y of "
        "each landmark in turn",
        disordered, count));
  if (kFew * sanity.outside.size() > count)
    doubt(fmt::format("in {} of {} faces a landmark is outside the picture; {}",
                      sanity.outside.size(), count, kUnits));
  if (kFew * sanity.identical.size() > count)
    doubt(
        fmt::format("{} of {} faces have the landmarks of an earlier one; expected those of each "
                    "face",
                    sanity.identical.size(), count));
  return lines;
}

}  // namespace lanet
