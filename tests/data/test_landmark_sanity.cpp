#include "data/landmark_sanity.h"

#include <doctest/doctest.h>

#include <functional>

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

TEST_CASE("landmark sanity: what no face can have is doubted with counts") {
  using Faces = std::vector<std::vector<float>>;
  Faces usual;
  for (int i = 0; i < 20; ++i) usual.push_back(face(45.f + static_cast<float>(i) / 2, 50, 20));
  const auto doubt = [&](const std::function<void(std::vector<float>&)>& change, size_t count) {
    Faces faces = usual;
    std::vector<float> points;
    for (size_t i = 0; i < faces.size(); ++i) {
      if (i < count) change(faces[i]);
      points.insert(points.end(), faces[i].begin(), faces[i].end());
    }
    const auto lines =
        doubtful_landmarks(points, std::vector<uint8_t>(faces.size(), 1), 100, kPartners, "l.csv");
    CHECK(lines.size() <= 1);
    return lines.empty() ? "" : lines[0];
  };
  const auto by_axis = [](std::vector<float>& p) {  // x1 … x5, y1 … y5
    p = {p[0], p[2], p[4], p[6], p[8], p[1], p[3], p[5], p[7], p[9]};
  };
  const auto rows_first = [](std::vector<float>& p) {
    for (size_t i = 0; i < p.size(); i += 2) std::swap(p[i], p[i + 1]);
  };
  const auto upside_down = [](std::vector<float>& p) {
    for (size_t i = 1; i < p.size(); i += 2) p[i] = 100 - p[i];
  };
  const auto tilted = [](std::vector<float>& p) {  // by 30 degrees
    for (size_t i = 0; i < p.size(); i += 2) {
      const float x = p[i] - 50, y = p[i + 1] - 50;
      p[i] = 50 + 0.866f * x - 0.5f * y;
      p[i + 1] = 50 + 0.5f * x + 0.866f * y;
    }
  };
  for (const auto& change :
       std::vector<std::function<void(std::vector<float>&)>>{by_axis, upside_down}) {
    CHECK(doubt(change, 20) ==
          "l.csv: in 20 of 20 faces eyes, nose and mouth are not below one another; expected x and "
          "y of each landmark in turn");
    CHECK(doubt(change, 3).starts_with("l.csv: in 3 of 20 faces eyes"));
    CHECK(doubt(change, 2).empty());
  }
  CHECK_FALSE(doubt(rows_first, 20).empty());
  CHECK(doubt(tilted, 20).empty());
  CHECK(doubt([](auto& p) { p = face(50, 50, 20); }, 20) ==
        "l.csv: 19 of 20 faces have the landmarks of an earlier one; expected those of each face");
  CHECK(doubt([](auto& p) { p[1] = -3; }, 3)
            .starts_with("l.csv: in 3 of 20 faces a landmark is outside the picture; are data."));
  CHECK(
      doubt(
          [](auto& p) {
            for (float& v : p) v /= 1.6f;
          },
          20)
          .starts_with("l.csv: the median face is at 31 % of the width of its picture; are data."));
}

TEST_CASE("landmark sanity: no valid face, and points that do not fit the number of faces") {
  CHECK(check({face(150, 50, 20)}, {0}).outside.empty());
  CHECK_THROWS_AS(check({face(50, 50, 20)}, {1, 1}), Error);
}

}  // namespace lanet::test
