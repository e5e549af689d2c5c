#include "data/landmark_shapes.h"

#include <algorithm>
#include <cmath>
#include <complex>
#include <numeric>

#include "core/error.h"

namespace lanet {
namespace {

using Points = std::vector<std::complex<double>>;  // the landmarks of one face, x + iy
using Matrix = std::vector<double>;                // [D, D]

constexpr double kLeastVariance = 1e-12;  // of faces of length 1: below it there is only rounding
constexpr int kAlignments = 10;           // of all faces to their mean, which then stands still

/// Centred and of length 1; all 0 if the landmarks lie on one point.
void normalise(Points& face) {
  const auto mean = std::accumulate(face.begin(), face.end(), std::complex<double>()) /
                    static_cast<double>(face.size());
  double squares = 0;
  for (auto& point : face) squares += std::norm(point -= mean);
  if (squares == 0) return;
  for (auto& point : face) point /= std::sqrt(squares);
}

/// Turns a face so that it lies as near to `mean` as it can.
void turn_towards(const Points& mean, Points& face) {
  std::complex<double> turn;
  for (size_t l = 0; l < face.size(); ++l) turn += std::conj(face[l]) * mean[l];
  if (std::abs(turn) == 0) return;
  turn /= std::abs(turn);
  for (auto& point : face) point *= turn;
}

/// Turns all faces to their common mean, and returns it.
Points align(std::vector<Points>& faces) {
  Points mean = *std::find_if(faces.begin(), faces.end() - 1, [](const Points& face) {
    return std::any_of(face.begin(), face.end(), [](auto point) { return std::norm(point) > 0; });
  });
  for (int round = 0; round < kAlignments; ++round) {
    Points sum(mean.size());
    for (Points& face : faces) {
      turn_towards(mean, face);
      for (size_t l = 0; l < sum.size(); ++l) sum[l] += face[l];
    }
    mean = sum;
    normalise(mean);
  }
  for (size_t l = 0; l < mean.size(); ++l) {  // what is left of each face is its distance from it
    std::complex<double> sum;
    for (const Points& face : faces) sum += face[l];
    mean[l] = sum / static_cast<double>(faces.size());
  }
  return mean;
}

/// Eigenvectors as rows, and eigenvalues, the largest first, by Jacobi's rotations (Golub and Van
/// Loan, Matrix Computations, 8.5).
struct Directions {
  Matrix vectors;
  std::vector<double> variances;
};
Directions principal_directions(Matrix a, size_t d) {
  Matrix v(d * d, 0.0);
  for (size_t i = 0; i < d; ++i) v[i * d + i] = 1;
  const auto off_diagonal = [&] {
    double sum = 0;
    for (size_t i = 0; i < d; ++i)
      for (size_t j = 0; j < i; ++j) sum += a[i * d + j] * a[i * d + j];
    return sum;
  };
  double trace = 0;
  for (size_t i = 0; i < d; ++i) trace += a[i * d + i];
  while (off_diagonal() > 1e-24 * trace * trace) {
    for (size_t p = 0; p + 1 < d; ++p) {
      for (size_t q = p + 1; q < d; ++q) {
        if (a[p * d + q] == 0) continue;
        const double theta = (a[q * d + q] - a[p * d + p]) / (2 * a[p * d + q]);
        const double t = std::copysign(1 / (std::abs(theta) + std::hypot(theta, 1.0)), theta);
        const double c = 1 / std::hypot(t, 1.0), s = t * c;
        const auto rotate = [&](double& x, double& y) {
          const double old = x;
          x = c * x - s * y;
          y = s * old + c * y;
        };
        for (size_t i = 0; i < d; ++i) rotate(a[i * d + p], a[i * d + q]);
        for (size_t i = 0; i < d; ++i) rotate(a[p * d + i], a[q * d + i]);
        for (size_t i = 0; i < d; ++i) rotate(v[p * d + i], v[q * d + i]);
      }
    }
  }
  std::vector<size_t> order(d);
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t i, size_t j) { return a[i * d + i] > a[j * d + j]; });
  Directions found;
  for (const size_t i : order) {
    const auto row = v.begin() + static_cast<long>(i * d);
    const double largest =
        *std::max_element(row, row + static_cast<long>(d),
                          [](double x, double y) { return std::abs(x) < std::abs(y); });
    for (size_t j = 0; j < d; ++j)
      found.vectors.push_back(largest < 0 ? -v[i * d + j] : v[i * d + j]);
    found.variances.push_back(std::max(0.0, a[i * d + i]));
  }
  return found;
}

}  // namespace

LandmarkShapes landmark_shapes(std::span<const float> points, std::span<const uint8_t> valid,
                               std::span<const int32_t> flip_permutation) {
  const size_t landmarks = flip_permutation.size(), d = 2 * landmarks;
  LANET_REQUIRE(points.size() == valid.size() * d, "{} coordinates of {} faces with {} landmarks",
                points.size(), valid.size(), landmarks);
  std::vector<Points> faces;  // the valid ones, each followed by its mirror image
  for (size_t n = 0; n < valid.size(); ++n) {
    if (!valid[n]) continue;
    Points face(landmarks), mirrored(landmarks);
    for (size_t l = 0; l < landmarks; ++l)
      face[l] = {points[n * d + 2 * l], points[n * d + 2 * l + 1]};
    normalise(face);
    for (size_t l = 0; l < landmarks; ++l) {
      const auto from = face[static_cast<size_t>(flip_permutation[l])];
      mirrored[l] = {-from.real(), from.imag()};
    }
    faces.push_back(std::move(face));
    faces.push_back(std::move(mirrored));
  }
  if (faces.size() < 4)
    throw InputError(fmt::format("{} training faces with valid landmarks; expected at least 2",
                                 faces.size() / 2));
  const Points mean = align(faces);

  std::vector<double> rest(faces.size() * d);
  Matrix covariance(d * d, 0.0);
  for (size_t f = 0; f < faces.size(); ++f) {
    double* row = rest.data() + f * d;
    for (size_t l = 0; l < landmarks; ++l) {
      row[2 * l] = faces[f][l].real() - mean[l].real();
      row[2 * l + 1] = faces[f][l].imag() - mean[l].imag();
    }
    for (size_t i = 0; i < d; ++i)
      for (size_t j = 0; j < d; ++j)
        covariance[i * d + j] += row[i] * row[j] / static_cast<double>(faces.size());
  }
  const Directions directions = principal_directions(std::move(covariance), d);
  if (directions.variances[0] < kLeastVariance)
    throw InputError("the landmarks of all training faces have one shape; expected different ones");

  LandmarkShapes result{.dimensions = static_cast<int64_t>(d),
                        .shapes = std::vector<float>(points.size()),
                        .mirrored = std::vector<float>(points.size())};
  const double floor = kShapeVarianceFloor * directions.variances[0];
  for (size_t n = 0, f = 0; n < valid.size(); ++n) {
    if (!valid[n]) continue;
    for (auto* to : {&result.shapes, &result.mirrored}) {
      const double* row = rest.data() + f++ * d;
      for (size_t j = 0; j < d; ++j) {
        const double* direction = directions.vectors.data() + j * d;
        const double along = std::inner_product(row, row + d, direction, 0.0);
        (*to)[n * d + j] = static_cast<float>(along / std::sqrt(directions.variances[j] + floor));
      }
    }
  }
  return result;
}

}  // namespace lanet
