// Votes of the nearest shapes, on shapes whose classes are known.
#include "train/labels/shape_votes.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "core/rng.h"
#include "train/labels/noise_channel.h"

namespace lanet::test {
namespace {

constexpr int64_t kClasses = 3;

/// Shapes on a line, a third of it for each class; the mirror images lie far away.
struct Line {
  explicit Line(int64_t faces) {
    shapes.dimensions = 1;
    for (int64_t i = 0; i < faces; ++i) {
      shapes.shapes.push_back(static_cast<float>(i));
      shapes.mirrored.push_back(static_cast<float>(-1e4));
      given.push_back(static_cast<int32_t>(i * kClasses / faces));
    }
    valid.assign(faces, 1);
  }
  std::vector<double> votes(const ShapeVoteOptions& options, double rate = 0.3) {
    Context context;
    return shape_votes(context, shapes, valid, given, symmetric_channel(kClasses, rate), options);
  }
  LandmarkShapes shapes;
  std::vector<uint8_t> valid;
  std::vector<int32_t> given;
};

int64_t largest(const std::vector<double>& q, int64_t face) {
  const auto row = q.begin() + face * kClasses;
  CHECK(row[0] + row[1] + row[2] == doctest::Approx(1));
  return std::max_element(row, row + kClasses) - row;
}

}  // namespace

TEST_CASE("shape votes: a wrong label among right ones is outvoted") {
  Line line(30);
  line.given[4] = 2;
  const std::vector<double> q = line.votes({.neighbours = 5});
  for (int64_t i = 0; i < 30; ++i) {
    if (i == 10 || i == 20) continue;  // three of the five nearest are of the class before
    CHECK(largest(q, i) == (i < 10 ? 0 : i < 20 ? 1 : 2));
  }
}

TEST_CASE("shape votes: the channel takes out what noise puts in") {
  Line line(3);
  line.given = {0, 0, 1};
  // The neighbours of face 0 vote 0 and 1 alike, those of face 2 for 0 alone.
  const std::vector<double> q = line.votes({.neighbours = 2});
  CHECK(q[0] == doctest::Approx(q[1]));
  CHECK(q[2] < 0.01);  // nobody voted for it, and noise would have
  CHECK(q[2 * kClasses] > 0.99);
}

TEST_CASE("shape votes: a mirror image is as near as the face itself") {
  Line line(9);
  line.shapes.mirrored[8] = 0.5f;  // between faces 0 and 1
  const std::vector<double> q = line.votes({.neighbours = 2});
  CHECK(largest(q, 8) == 0);
}

TEST_CASE("shape votes: a face without landmarks votes for nobody and is voted for by nobody") {
  Line line(9);
  line.given[1] = 2;
  line.valid[1] = 0;
  const std::vector<double> q = line.votes({.neighbours = 1});
  for (int64_t c = 0; c < kClasses; ++c) CHECK(q[kClasses + c] == 0);
  CHECK(largest(q, 0) == 0);
}

TEST_CASE("shape votes: in groups a face asks its group alone, and alone it knows nothing") {
  Line line(300);
  const std::vector<double> q = line.votes({.neighbours = 2, .group = 20, .seed = 1});
  int64_t right = 0;
  for (int64_t i = 0; i < 300; ++i) right += largest(q, i) == line.given[i];
  CHECK(right > 240);
  CHECK(right < 300);  // near the borders the nearest of 20 are of another class
  const std::vector<double> alone = line.votes({.neighbours = 2, .group = 1});
  CHECK(alone[0] == doctest::Approx(1.0 / kClasses));
}

}  // namespace lanet::test
