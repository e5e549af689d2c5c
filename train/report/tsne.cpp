#include "train/report/tsne.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "core/error.h"
#include "core/rng.h"

namespace lanet {

namespace {

// As scikit-learn has them by default.
constexpr int kIterations = 1000;
constexpr int kEarly = 250;  // of these exaggerate, so that clusters find together
constexpr double kExaggeration = 12;
constexpr double kEarlyMomentum = 0.5, kMomentum = 0.8;
constexpr double kLeastRate = 50, kLeastGain = 0.01;
constexpr double kStart = 1e-4;  // standard deviation of the first coordinate

using Plane = std::array<std::vector<double>, 2>;  // x and y of each point

/// [N, N], squared; over their mean, so that no scale of features is special.
std::vector<double> squared_distances(std::span<const float> features, int64_t count) {
  const int64_t width = std::ssize(features) / count;
  std::vector<double> distances(count * count);
#pragma omp parallel for schedule(dynamic, 16)
  for (int64_t i = 0; i < count; ++i) {
    const float* a = &features[i * width];
    for (int64_t j = 0; j < i; ++j) {
      const float* b = &features[j * width];
      double sum = 0;
#pragma omp simd reduction(+ : sum)
      for (int64_t d = 0; d < width; ++d) {
        const double difference = static_cast<double>(a[d]) - static_cast<double>(b[d]);
        sum += difference * difference;
      }
      distances[i * count + j] = distances[j * count + i] = sum;
    }
  }
  const double mean =
      std::accumulate(distances.begin(), distances.end(), 0.0) / static_cast<double>(count * count);
  if (mean > 0)
    for (double& distance : distances) distance /= mean;
  return distances;
}

/// exp(−sharpness·distance) over their sum, for the other points than `self`; returns the entropy.
double gaussian_row(std::span<const double> distances, int64_t self, double sharpness,
                    std::span<double> row) {
  const int64_t count = std::ssize(distances);
  double nearest = INFINITY;
  for (int64_t j = 0; j < count; ++j)
    if (j != self) nearest = std::min(nearest, distances[j]);
  double sum = 0, weighted = 0;
  for (int64_t j = 0; j < count; ++j) {
    const double further = distances[j] - nearest;
    row[j] = j == self ? 0 : std::exp(-sharpness * further);
    sum += row[j];
    weighted += row[j] * further;
  }
  for (double& p : row) p /= sum;
  return std::log(sum) + sharpness * weighted / sum;
}

/// The first two principal components, [N] each, from squared distances: the eigenvectors of the
/// doubly centred matrix, by orthogonal iteration.
Plane principal_components(std::span<const double> distances, int64_t count) {
  constexpr int kSteps = 100;
  std::vector<double> means(count);
  for (int64_t i = 0; i < count; ++i)
    means[i] = std::accumulate(&distances[i * count], &distances[i * count] + count, 0.0) /
               static_cast<double>(count);
  const double mean = std::accumulate(means.begin(), means.end(), 0.0) / static_cast<double>(count);

  Plane vectors, products;
  RandomStream stream(/*seed=*/0, Purpose::initialise);
  for (size_t k = 0; k < 2; ++k) {
    products[k].resize(count);
    for (int64_t i = 0; i < count; ++i) vectors[k].push_back(normal(stream));
  }
  const auto dot = [](const std::vector<double>& a, const std::vector<double>& b) {
    return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
  };
  for (int step = 0; step < kSteps; ++step) {
    for (int64_t i = 0; i < count; ++i) {
      double x = 0, y = 0;
      for (int64_t j = 0; j < count; ++j) {
        const double inner = (means[i] + means[j] - mean - distances[i * count + j]) / 2;
        x += inner * vectors[0][j];
        y += inner * vectors[1][j];
      }
      products[0][i] = x;
      products[1][i] = y;
    }
    // The lengths of the products, before they become unit vectors, are the eigenvalues.
    std::array<double, 2> lengths = {};
    for (size_t k = 0; k < 2; ++k) {
      if (k == 1) {
        const double along = dot(products[0], products[1]);
        for (int64_t i = 0; i < count; ++i) products[1][i] -= along * products[0][i];
      }
      lengths[k] = std::sqrt(dot(products[k], products[k]));
      for (double& value : products[k]) value = lengths[k] > 0 ? value / lengths[k] : 0;
    }
    std::swap(vectors, products);
    if (step + 1 == kSteps)
      for (size_t k = 0; k < 2; ++k)
        for (double& value : vectors[k]) value *= std::sqrt(lengths[k]);
  }
  return vectors;
}

/// The two parts of the gradient at each point, a quarter of each; the repulsion is still to be
/// divided by the sum of 1/(1 + |a − b|²) over all pairs, of which `sums` has a part for each
/// point.
struct Forces {
  Plane attraction, repulsion;
  std::vector<double> sums;
};

/// In one thread: a thousand times a barrier takes longer than the work where cores are shared.
void compute_forces(std::span<const double> affinities, const Plane& points, Forces& forces) {
  const auto count = std::ssize(points[0]);
  const double *xs = points[0].data(), *ys = points[1].data();
  for (int64_t i = 0; i < count; ++i) {
    const double* row = &affinities[i * count];
    const double x = xs[i], y = ys[i];
    double near_x = 0, near_y = 0, far_x = 0, far_y = 0, sum = 0;
#pragma omp simd reduction(+ : near_x, near_y, far_x, far_y, sum)
    for (int64_t j = 0; j < count; ++j) {
      const double dx = x - xs[j], dy = y - ys[j];
      const double closeness = 1 / (1 + dx * dx + dy * dy);
      const double pull = row[j] * closeness, push = closeness * closeness;
      near_x += pull * dx;
      near_y += pull * dy;
      far_x += push * dx;
      far_y += push * dy;
      sum += closeness;
    }
    forces.attraction[0][i] = near_x;
    forces.attraction[1][i] = near_y;
    forces.repulsion[0][i] = far_x;
    forces.repulsion[1][i] = far_y;
    forces.sums[i] = sum - 1;  // without the point itself
  }
}

}  // namespace

std::vector<double> tsne_affinities(std::span<const double> distances, int64_t count,
                                    double perplexity) {
  LANET_REQUIRE(std::ssize(distances) == count * count && perplexity > 1 &&
                    perplexity < static_cast<double>(count - 1),
                "{} distances of {} points, perplexity {}", distances.size(), count, perplexity);
  constexpr int kBisections = 60;
  const double entropy = std::log(perplexity);
  std::vector<double> given(count * count);  // p(j | i)
#pragma omp parallel for schedule(static)
  for (int64_t i = 0; i < count; ++i) {
    const std::span<double> row = std::span(given).subspan(i * count, count);
    // The entropy falls as the sharpness grows.
    double low = 0, high = INFINITY, sharpness = 1;
    for (int step = 0; step < kBisections; ++step) {
      const double found = gaussian_row(distances.subspan(i * count, count), i, sharpness, row);
      if (std::abs(found - entropy) < 1e-8) break;
      (found > entropy ? low : high) = sharpness;
      sharpness = std::isinf(high) ? 2 * sharpness : (low + high) / 2;
    }
  }
  std::vector<double> joint(count * count);
  for (int64_t i = 0; i < count; ++i)
    for (int64_t j = 0; j < count; ++j)
      joint[i * count + j] =
          (given[i * count + j] + given[j * count + i]) / (2 * static_cast<double>(count));
  return joint;
}

std::vector<double> tsne(std::span<const float> features, int64_t count, double perplexity) {
  LANET_REQUIRE(count >= 5 && std::ssize(features) % count == 0, "{} features of {} rows",
                features.size(), count);
  const std::vector<double> distances = squared_distances(features, count);
  const std::vector<double> affinities = tsne_affinities(distances, count, perplexity);
  Plane points = principal_components(distances, count);
  double squares = 0;
  for (const double x : points[0]) squares += x * x;
  const double scale = squares > 0 ? kStart / std::sqrt(squares / static_cast<double>(count)) : 0;
  Plane steps, gains;
  Forces forces{.sums = std::vector<double>(count)};
  for (size_t k = 0; k < 2; ++k) {
    for (double& value : points[k]) value *= scale;
    steps[k].resize(count);
    gains[k].assign(count, 1);
    forces.attraction[k].resize(count);
    forces.repulsion[k].resize(count);
  }
  const double rate = std::max(static_cast<double>(count) / kExaggeration / 4, kLeastRate);
  for (int iteration = 0; iteration < kIterations; ++iteration) {
    const bool early = iteration < kEarly;
    const double momentum = early ? kEarlyMomentum : kMomentum;
    compute_forces(affinities, points, forces);
    const double sum = std::accumulate(forces.sums.begin(), forces.sums.end(), 0.0);
    for (size_t k = 0; k < 2; ++k)
      for (int64_t i = 0; i < count; ++i) {
        const double gradient = 4 * ((early ? kExaggeration : 1) * forces.attraction[k][i] -
                                     forces.repulsion[k][i] / sum);
        double &step = steps[k][i], &gain = gains[k][i];
        gain = std::max(kLeastGain, gradient * step < 0 ? gain + 0.2 : gain * 0.8);
        step = momentum * step - rate * gain * gradient;
        points[k][i] += step;
      }
  }
  for (std::vector<double>& coordinate : points) {  // the gains let the middle drift
    const double mean =
        std::accumulate(coordinate.begin(), coordinate.end(), 0.0) / static_cast<double>(count);
    for (double& value : coordinate) value -= mean;
  }
  std::vector<double> result;
  for (int64_t i = 0; i < count; ++i)
    for (const std::vector<double>& coordinate : points) result.push_back(coordinate[i]);
  return result;
}

}  // namespace lanet
