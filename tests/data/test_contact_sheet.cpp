#include "data/contact_sheet.h"

#include <doctest/doctest.h>

#include "core/error.h"

namespace lanet::test {
namespace {

using Pixel = std::array<uint8_t, 3>;
constexpr Pixel kWhite = {255, 255, 255}, kBlue = {0, 0, 200}, kDot = {60, 255, 60};

Pixel at(const HostImage& image, int x, int y) {
  const size_t pixel = size_t{3} * (y * image.width + x);
  return {image.rgb[pixel], image.rgb[pixel + 1], image.rgb[pixel + 2]};
}

}  // namespace

TEST_CASE("contact sheet: pictures and dots are in their tiles, and nothing is outside them") {
  ContactSheet sheet(3, 2, 20);
  HostImage blue{20, 20, {}};
  for (int i = 0; i < 400; ++i) blue.rgb.insert(blue.rgb.end(), kBlue.begin(), kBlue.end());
  sheet.put(1, 1, blue);
  const float points[] = {10.5f, 5.5f, -3, 8, 19.5f, 19.5f, 400, 1};
  sheet.mark(1, 1, points);
  const HostImage& image = sheet.image();
  REQUIRE(image.width == 60);
  REQUIRE(image.height == 40);
  int blue_pixels = 0;
  for (int y = 0; y < 40; ++y) {
    for (int x = 0; x < 60; ++x) {
      const bool inside = x >= 20 && x < 40 && y >= 20;
      if (!inside) CHECK(at(image, x, y) == kWhite);
      blue_pixels += at(image, x, y) == kBlue;
    }
  }
  CHECK(at(image, 30, 25) == kDot);
  CHECK(at(image, 39, 39) == kDot);
  CHECK(at(image, 32, 25) == Pixel{0, 0, 0});
  CHECK(blue_pixels > 360);
  CHECK_THROWS_AS(sheet.put(0, 0, HostImage{19, 20, std::vector<uint8_t>(3 * 19 * 20)}), Error);
}

TEST_CASE("contact sheet: the name of each row is on its left, and long ones end there") {
  const std::vector<std::string> names = {"anger", "f\xC3\xBChl", std::string(100, 'm')};
  const ContactSheet named(2, 3, 20, names);
  const HostImage& image = named.image();
  const int margin = image.width - 2 * 20;
  CHECK(margin == 24 * 12 + 16);
  REQUIRE(image.height == 3 * 20);
  for (int row = 0; row < 3; ++row) {
    int last = 0;  // column with ink
    for (int y = 20 * row; y < 20 * (row + 1); ++y)
      for (int x = 0; x < image.width; ++x)
        if (at(image, x, y) != kWhite) last = std::max(last, x);
    CHECK(last > 8 + 12 * 3);
    CHECK(last < margin);
  }
  // The left stroke of the l of "fühl", whose ü takes two places.
  CHECK(at(image, 8 + 12 * 4 + 4, 40 - 10) == Pixel{0, 0, 0});
}

}  // namespace lanet::test
