#include "data/landmark_sanity.h"

#include <doctest/doctest.h>

#include "core/error.h"

namespace lanet::test {
namespace {

using Places = std::vector<int64_t>;

/// Two eyes, a nose and two corners of the mouth.
const std::vector<int32_t> kPartners = {1, 0, 2, 4, 3};

std::vector<float> face(float x, float y, float scale) {
  std::vector<float> points;
  for (const auto& [dx, dy] : {std::pair{-1, -1}, {1, -1}, {0, 0}, {-1, 1}, {1, 1}})
    points.insert(points.end(), {x + scale * dx, y + scale * dy});
  return points;
}

/// Faces of a picture of 100 x 100 pixels.
LandmarkSanity check(const std::vector<std::vector<float>>& faces,
                     std::vector<uint8_t> valid = {}) {
  std::vector<float> points;
  for (const auto& one : faces) points.insert(points.end(), one.begin(), one.end());
  if (valid.empty()) valid.assign(faces.size(), 1);
  return landmark_sanity(points, valid, 100, kPartners);
}

}  // namespace

TEST_CASE("landmark sanity: ordinary faces have no findings") {
  const LandmarkSanity sane = check({face(50, 50, 20), face(48, 55, 30), face(52, 50, 15)});
  for (const auto* list : {&sane.outside, &sane.mirrored, &sane.identical, &sane.spread})
    CHECK(list->empty());
}

TEST_CASE("landmark sanity: each finding names its faces") {
  const auto usual = [](int i) { return face(static_cast<float>(50 + i), 50, 20); };
  const LandmarkSanity found =
      check({usual(0), face(50, 50, -20), face(95, 50, 20), usual(1), face(50, 50, 2), usual(0),
             usual(2), face(50, 52, 45), face(300, 300, 90)},
            {1, 1, 1, 1, 1, 1, 1, 1, 0});
  CHECK(found.outside == Places{2});
  CHECK(found.mirrored == Places{1});
  CHECK(found.identical == Places{5});
  CHECK(found.spread == Places{4, 7});
}

TEST_CASE("landmark sanity: a whole set that is too small or mirrored is doubted") {
  const auto doubts = [](const std::vector<std::vector<float>>& faces) {
    std::vector<float> points;
    for (const auto& one : faces) points.insert(points.end(), one.begin(), one.end());
    return doubtful_landmarks(points, std::vector<uint8_t>(faces.size(), 1), 100, kPartners,
                              "l.csv");
  };
  CHECK(doubts({face(50, 50, 20), face(48, 55, 30), face(50, 50, 5)}).empty());
  const auto small = doubts({face(50, 50, 10), face(48, 55, 30), face(50, 50, 5)});
  REQUIRE(small.size() == 1);
  CHECK(small[0] ==
        "l.csv: the landmarks of the median face span 20 % of its picture; are "
        "data.landmark_coordinates and data.landmark_size those of the file?");
  const auto mirrored = doubts({face(50, 50, -20), face(48, 55, -30), face(50, 50, 25)});
  REQUIRE(mirrored.size() == 1);
  CHECK(mirrored[0] ==
        "l.csv: left and right are exchanged in 2 of 3 faces; left is that of the picture, not of "
        "the person");
}

TEST_CASE("landmark sanity: no valid face, and points that do not fit the number of faces") {
  CHECK(check({face(150, 50, 20)}, {0}).outside.empty());
  CHECK_THROWS_AS(check({face(50, 50, 20)}, {1, 1}), Error);
}

}  // namespace lanet::test
