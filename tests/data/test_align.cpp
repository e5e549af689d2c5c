#include "data/align.h"

#include <doctest/doctest.h>

#include <cmath>

#include "core/rng.h"
#include "data/landmark_schemes.h"

namespace lanet::test {
namespace {

HostImage noise(int width, int height) {
  RandomStream random(7, Purpose::test);
  HostImage image{width, height, std::vector<uint8_t>(size_t{3} * width * height)};
  for (uint8_t& level : image.rgb) level = static_cast<uint8_t>(random.below(256));
  return image;
}

std::vector<double> moved(std::span<const double> points, const Similarity& s) {
  std::vector<double> result;
  for (size_t k = 0; k < points.size(); k += 2) {
    result.push_back(s.a * points[k] - s.b * points[k + 1] + s.dx);
    result.push_back(s.b * points[k] + s.a * points[k + 1] + s.dy);
  }
  return result;
}

double distance(std::span<const double> a, std::span<const double> b) {
  double sum = 0;
  for (size_t k = 0; k < a.size(); ++k) sum += (a[k] - b[k]) * (a[k] - b[k]);
  return sum;
}

}  // namespace

TEST_CASE("align: a face that was turned, scaled and moved comes back to the template") {
  const std::vector<double> to = aligned_template(19);
  const Similarity turned{.a = 80, .b = 35, .dx = 12, .dy = -7};
  const std::vector<double> from = moved(to, turned);
  const Similarity back = fit_similarity(from, to);
  CHECK(distance(moved(from, back), to) < 1e-20);
  CHECK(std::hypot(back.a, back.b) == doctest::Approx(1 / std::hypot(80, 35)));
}

TEST_CASE("align: of points that do not fit, no other similarity leaves less") {
  RandomStream random(5, Purpose::test);
  std::vector<double> from, to = aligned_template(5);
  for (const double value : to) from.push_back(50 * value + 3 * normal(random));
  const Similarity best = fit_similarity(from, to);
  const double least = distance(moved(from, best), to);
  CHECK(least > 0);
  for (const double step : {-1e-3, 1e-3}) {
    const Similarity others[] = {{best.a + step, best.b, best.dx, best.dy},
                                 {best.a, best.b + step, best.dx, best.dy},
                                 {best.a, best.b, best.dx + step, best.dy},
                                 {best.a, best.b, best.dx, best.dy + step}};
    for (const Similarity& other : others) CHECK(distance(moved(from, other), to) > least);
  }
}

TEST_CASE("align: a mirrored face is not turned inside out") {
  const std::vector<double> to = aligned_template(19);
  std::vector<double> mirrored = to;
  for (size_t k = 0; k < mirrored.size(); k += 2) mirrored[k] = 1 - mirrored[k];
  CHECK(distance(moved(mirrored, fit_similarity(mirrored, to)), to) > 0.1);
}

TEST_CASE("align: moved by whole pixels and turned by a right angle, levels stay what they are") {
  const HostImage image = noise(24, 24);
  CHECK(align_image(image, {}, 24).rgb == image.rgb);
  const HostImage shifted = align_image(image, {.dx = -3, .dy = 2}, 24);
  const HostImage turned = align_image(image, {.a = 0, .b = 1, .dx = 24}, 24);
  const auto level = [](const HostImage& of, int x, int y) {
    return of
        .rgb[3 * (static_cast<size_t>(y) * static_cast<size_t>(of.width) + static_cast<size_t>(x))];
  };
  for (int y = 0; y < 24; ++y)
    for (int x = 0; x < 24; ++x) {
      if (x < 21 && y >= 2) CHECK(level(shifted, x, y) == level(image, x + 3, y - 2));
      CHECK(level(turned, 23 - y, x) == level(image, x, y));
    }
  CHECK(level(shifted, 23, 10) == level(image, 23, 8));  // outside: the edge
}

TEST_CASE("align: grown and shrunk without a turn, the inside is that of resizing") {
  HostImage image = noise(60, 60);
  for (uint8_t& level : image.rgb)  // far from the ends, where resizing clips between its passes
    level = static_cast<uint8_t>(96 + level / 4);
  for (const int size : {20, 48, 150}) {
    const double scale = size / 60.0;
    const HostImage aligned = align_image(image, {.a = scale}, size);
    const HostImage resized = resize_image(image, size);
    const int edge = static_cast<int>(std::ceil(2 * std::max(1.0, scale)));
    int largest = 0;
    for (int y = edge; y < size - edge; ++y)
      for (int k = 3 * edge; k < 3 * (size - edge); ++k) {
        const auto at = static_cast<size_t>(3 * size * y + k);
        largest = std::max(largest, std::abs(aligned.rgb[at] - resized.rgb[at]));
      }
    CAPTURE(size);
    CHECK(largest <= 1);  // resizing rounds between its two passes
  }
}

TEST_CASE("align: a grid has its pictures in rows, and is white where there are none") {
  const std::vector<HostImage> pictures = {noise(4, 4), noise(4, 4), noise(4, 4)};
  const HostImage grid = image_grid(pictures, 2);
  CHECK(grid.width == 8);
  CHECK(grid.height == 8);
  CHECK(std::equal(grid.rgb.begin() + 12, grid.rgb.begin() + 24, pictures[1].rgb.begin()));
  CHECK(std::equal(grid.rgb.begin() + 4 * 24, grid.rgb.begin() + 4 * 24 + 12,
                   pictures[2].rgb.begin()));
  CHECK(grid.rgb.back() == 255);
}

}  // namespace lanet::test
