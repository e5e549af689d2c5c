#include "data/align.h"

#include <algorithm>
#include <cmath>
#include <complex>

#include "core/error.h"
#include "kernels/resize_ref.h"

namespace lanet {
namespace {

using Complex = std::complex<double>;

Complex point(std::span<const double> points, size_t l) {
  return {points[2 * l], points[2 * l + 1]};
}

Complex mean(std::span<const double> points) {
  Complex sum;
  for (size_t l = 0; l < points.size() / 2; ++l) sum += point(points, l);
  return sum / static_cast<double>(points.size() / 2);
}

/// The pixels along an axis that a place in it is interpolated from, and their weights.
class Taps {
 public:
  explicit Taps(double stretch) : stretch_(stretch) {}

  void place(double centre, int length) {
    const double support = kCubicSupport * stretch_;
    const auto begin = static_cast<int64_t>(std::floor(centre - support + 0.5));
    const auto end = static_cast<int64_t>(std::floor(centre + support + 0.5));
    pixels.clear();
    weights.clear();
    double sum = 0;
    for (int64_t i = begin; i < end; ++i) {
      pixels.push_back(static_cast<size_t>(std::clamp<int64_t>(i, 0, length - 1)));
      weights.push_back(cubic((static_cast<double>(i) + 0.5 - centre) / stretch_));
      sum += weights.back();
    }
    for (double& weight : weights) weight /= sum;
  }

  std::vector<size_t> pixels;
  std::vector<double> weights;

 private:
  double stretch_;
};

}  // namespace

Similarity fit_similarity(std::span<const double> from, std::span<const double> to) {
  LANET_REQUIRE(from.size() == to.size() && from.size() >= 4 && from.size() % 2 == 0,
                "{} and {} coordinates", from.size(), to.size());
  const Complex from_mean = mean(from), to_mean = mean(to);
  Complex turn;
  double squares = 0;
  for (size_t l = 0; l < from.size() / 2; ++l) {
    const Complex p = point(from, l) - from_mean;
    turn += std::conj(p) * (point(to, l) - to_mean);
    squares += std::norm(p);
  }
  LANET_REQUIRE(squares > 0, "all points are equal");
  turn /= squares;
  const Complex move = to_mean - turn * from_mean;
  return {turn.real(), turn.imag(), move.real(), move.imag()};
}

HostImage align_image(const HostImage& picture, const Similarity& transform, int size) {
  const Complex turn(transform.a, transform.b), move(transform.dx, transform.dy);
  LANET_REQUIRE(size > 0 && std::norm(turn) > 0, "size {}, scale {}", size, std::abs(turn));
  HostImage aligned{size, size, std::vector<uint8_t>(size_t{3} * size * size)};
  const double stretch = std::max(1 / std::abs(turn), 1.0);
  Taps across(stretch), down(stretch);
  for (int y = 0; y < size; ++y) {
    for (int x = 0; x < size; ++x) {
      const Complex centre = (Complex(x + 0.5, y + 0.5) - move) / turn;
      across.place(centre.real(), picture.width);
      down.place(centre.imag(), picture.height);
      double levels[3] = {0.5, 0.5, 0.5};  // to round halves up
      for (size_t j = 0; j < down.pixels.size(); ++j) {
        const uint8_t* row = picture.rgb.data() + down.pixels[j] * 3 * picture.width;
        for (size_t i = 0; i < across.pixels.size(); ++i)
          for (size_t c = 0; c < 3; ++c)
            levels[c] += down.weights[j] * across.weights[i] * row[3 * across.pixels[i] + c];
      }
      uint8_t* to = aligned.rgb.data() + (static_cast<size_t>(y) * size + x) * 3;
      for (size_t c = 0; c < 3; ++c)
        to[c] = static_cast<uint8_t>(std::clamp(std::floor(levels[c]), 0.0, 255.0));
    }
  }
  return aligned;
}

AlignedFace align_face(const HostImage& picture, Landmarks& landmarks, size_t i,
                       const LandmarkUnits& units, int size) {
  const auto width = 2 * static_cast<size_t>(landmarks.num_landmarks);
  const auto begin = landmarks.points.begin() + static_cast<ptrdiff_t>(i * width);
  Landmarks one{.num_landmarks = landmarks.num_landmarks,
                .points = {begin, begin + static_cast<ptrdiff_t>(width)},
                .states = {landmarks.states[i]}};
  const std::vector<PictureSize> sizes = {{picture.width, picture.height}};
  place_landmarks(
      one,
      {.coordinates = units.coordinates, .square = units.side, .sizes = sizes, .image_size = 1});
  landmarks.states[i] = one.states[0];
  if (one.states[0] != LandmarkState::good)
    return {.picture = resize_image(picture, size), .points = {}};
  std::vector<double> from, to = aligned_template(one.num_landmarks);
  for (size_t k = 0; k < width; ++k)
    from.push_back(static_cast<double>(one.points[k]) *
                   (k % 2 == 0 ? picture.width : picture.height));
  for (double& value : to) value *= size;
  const Similarity transform = fit_similarity(from, to);
  AlignedFace face{.picture = align_image(picture, transform, size), .points = {}};
  for (size_t k = 0; k < width; k += 2) {
    face.points.push_back(transform.a * from[k] - transform.b * from[k + 1] + transform.dx);
    face.points.push_back(transform.b * from[k] + transform.a * from[k + 1] + transform.dy);
  }
  return face;
}

HostImage image_grid(std::span<const HostImage> pictures, int columns) {
  LANET_REQUIRE(!pictures.empty() && columns > 0, "{} pictures", pictures.size());
  const int width = pictures[0].width, height = pictures[0].height;
  const int rows = (static_cast<int>(pictures.size()) + columns - 1) / columns;
  HostImage grid{columns * width, rows * height, {}};
  grid.rgb.assign(size_t{3} * grid.width * grid.height, 255);
  for (size_t i = 0; i < pictures.size(); ++i) {
    LANET_REQUIRE(pictures[i].width == width && pictures[i].height == height, "sizes differ");
    const size_t left = i % columns * width, top = i / columns * height;
    for (int y = 0; y < height; ++y)
      std::copy_n(pictures[i].rgb.begin() + ptrdiff_t{3} * width * y, 3 * width,
                  grid.rgb.begin() + static_cast<ptrdiff_t>(3 * ((top + y) * grid.width + left)));
  }
  return grid;
}

}  // namespace lanet
