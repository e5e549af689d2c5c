#include "data/landmark_shapes.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <complex>

#include "core/error.h"
#include "core/rng.h"

namespace lanet::test {
namespace {

constexpr size_t kLandmarks = 5, kDimensions = 2 * kLandmarks;
const std::vector<int32_t> kFlip = {1, 0, 2, 4, 3};  // eyes, nose, corners of the mouth
const std::vector<std::complex<double>> kFace = {
    {-30, -20}, {30, -20}, {0, 5}, {-20, 35}, {20, 35}};

std::vector<std::complex<double>> random_face(RandomStream& random) {
  auto face = kFace;
  for (auto& point : face) point += std::complex<double>(3 * normal(random), 2 * normal(random));
  return face;
}

void append(std::vector<float>& points, const std::vector<std::complex<double>>& face) {
  for (const auto& point : face) {
    points.push_back(static_cast<float>(point.real()));
    points.push_back(static_cast<float>(point.imag()));
  }
}

std::vector<float> random_faces(int count) {
  RandomStream random(3, Purpose::test);
  std::vector<float> points;
  for (int n = 0; n < count; ++n) append(points, random_face(random));
  return points;
}

double largest_difference(std::span<const float> a, std::span<const float> b) {
  REQUIRE(a.size() == b.size());
  double largest = 0;
  for (size_t i = 0; i < a.size(); ++i)
    largest = std::max(largest, std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i])));
  return largest;
}

}  // namespace

TEST_CASE("landmark shapes: place, size and tilt do not count") {
  const std::vector<float> points = random_faces(40);
  const std::vector<uint8_t> valid(40, 1);
  RandomStream random(4, Purpose::test);
  std::vector<float> moved;
  for (size_t n = 0; n < valid.size(); ++n) {
    const std::complex<double> place(100 * normal(random), 100 * normal(random));
    const auto turn = std::polar(1 + 5.0 * random.uniform(), 0.5 * normal(random));
    std::vector<std::complex<double>> face;
    for (size_t l = 0; l < kLandmarks; ++l)
      face.push_back(place + turn * std::complex<double>(points[n * kDimensions + 2 * l],
                                                         points[n * kDimensions + 2 * l + 1]));
    append(moved, face);
  }
  // The first face, which the mean starts from, stays as it was: all may be turned together.
  std::copy_n(points.begin(), kDimensions, moved.begin());
  const LandmarkShapes a = landmark_shapes(points, valid, kFlip);
  const LandmarkShapes b = landmark_shapes(moved, valid, kFlip);
  CHECK(a.dimensions == kDimensions);
  CHECK(largest_difference(a.shapes, b.shapes) < 1e-4);
  CHECK(largest_difference(a.mirrored, b.mirrored) < 1e-4);
}

TEST_CASE("landmark shapes: directions are uncorrelated, the widest first, none wider than 1") {
  const int count = 500;
  const std::vector<uint8_t> valid(count, 1);
  const LandmarkShapes s = landmark_shapes(random_faces(count), valid, kFlip);
  std::vector<double> covariance(kDimensions * kDimensions, 0.0);
  for (const auto* rows : {&s.shapes, &s.mirrored})
    for (size_t n = 0; n < valid.size(); ++n)
      for (size_t i = 0; i < kDimensions; ++i)
        for (size_t j = 0; j < kDimensions; ++j)
          covariance[i * kDimensions + j] += static_cast<double>((*rows)[n * kDimensions + i]) *
                                             static_cast<double>((*rows)[n * kDimensions + j]) /
                                             (2 * count);
  CHECK(covariance[0] == doctest::Approx(1 / (1 + kShapeVarianceFloor)));
  for (size_t i = 0; i < kDimensions; ++i) {
    if (i > 0)
      CHECK(covariance[i * kDimensions + i] <= covariance[(i - 1) * (kDimensions + 1)] + 1e-6);
    for (size_t j = 0; j < i; ++j) CHECK(std::abs(covariance[i * kDimensions + j]) < 1e-6);
  }
  // Four numbers are gone: place (2) exactly; of size and tilt what is left is of second order.
  for (size_t i = kDimensions - 4; i < kDimensions; ++i)
    CHECK(covariance[i * (kDimensions + 1)] < (i < kDimensions - 2 ? 0.05 : 1e-12));
}

TEST_CASE("landmark shapes: the mirror image of a mirrored face is the face") {
  std::vector<float> points = random_faces(30), mirrored;
  for (size_t n = 0; n < 30; ++n) {
    for (const int32_t from : kFlip) {
      mirrored.push_back(100 - points[n * kDimensions + 2 * static_cast<size_t>(from)]);
      mirrored.push_back(points[n * kDimensions + 2 * static_cast<size_t>(from) + 1]);
    }
  }
  // Both sets in one, so that they share mean and directions.
  points.insert(points.end(), mirrored.begin(), mirrored.end());
  const LandmarkShapes s = landmark_shapes(points, std::vector<uint8_t>(60, 1), kFlip);
  const size_t half = 30 * kDimensions;
  CHECK(largest_difference(std::span(s.mirrored).first(half), std::span(s.shapes).last(half)) <
        1e-4);
  CHECK(largest_difference(std::span(s.shapes).first(half), std::span(s.mirrored).last(half)) <
        1e-4);
  CHECK(largest_difference(s.shapes, s.mirrored) > 0.1);
}

TEST_CASE("landmark shapes: faces without landmarks change nothing, and have none") {
  std::vector<float> points = random_faces(20);
  const LandmarkShapes alone = landmark_shapes(points, std::vector<uint8_t>(20, 1), kFlip);
  points.insert(points.begin() + 7 * kDimensions, kDimensions, 1e6f);
  std::vector<uint8_t> valid(21, 1);
  valid[7] = 0;
  LandmarkShapes s = landmark_shapes(points, valid, kFlip);
  for (auto* rows : {&s.shapes, &s.mirrored}) {
    const auto row = rows->begin() + 7 * kDimensions;
    CHECK(std::all_of(row, row + kDimensions, [](float x) { return x == 0; }));
    rows->erase(row, row + kDimensions);
  }
  CHECK(s.shapes == alone.shapes);
  CHECK(s.mirrored == alone.mirrored);
}

TEST_CASE("landmark shapes: without two faces, or two shapes, there is nothing to compare") {
  const std::vector<float> points = random_faces(3);
  CHECK_THROWS_WITH_AS(landmark_shapes(points, std::vector<uint8_t>{0, 1, 0}, kFlip),
                       "1 training faces with valid landmarks; expected at least 2", InputError);
  std::vector<float> same;
  for (int n = 0; n < 3; ++n) {
    auto face = kFace;
    for (auto& point : face) point = point * std::polar(1.0 + n, 0.3 * n) + 7.0 * n;
    append(same, face);
  }
  CHECK_THROWS_WITH_AS(
      landmark_shapes(same, std::vector<uint8_t>(3, 1), kFlip),
      "the landmarks of all training faces have one shape; expected different ones", InputError);
}

}  // namespace lanet::test
