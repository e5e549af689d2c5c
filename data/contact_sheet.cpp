#include "data/contact_sheet.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include "core/error.h"
#include "data/bitmap_text.h"

namespace lanet {

ContactSheet::ContactSheet(int columns, int rows, int side, std::span<const std::string> names)
    : side_(side) {
  constexpr int kScale = 2, kSpace = 8;
  constexpr size_t kMostLetters = 24;
  const auto shown = [](const std::string& name) {
    return std::string_view(name).substr(0, kMostLetters);
  };
  for (const std::string& name : names)
    margin_ = std::max(margin_, text_width(shown(name), kScale) + 2 * kSpace);
  image_.width = margin_ + columns * side;
  image_.height = rows * side;
  image_.rgb.assign(size_t{3} * image_.width * image_.height, 255);
  for (size_t row = 0; row < names.size(); ++row)
    draw_text(image_, kSpace, static_cast<int>(row) * side + (side - text_height(kScale)) / 2,
              kScale, shown(names[row]));
}

uint8_t* ContactSheet::pixel(int column, int row, int x, int y) {
  const size_t at =
      static_cast<size_t>(row * side_ + y) * image_.width + margin_ + column * side_ + x;
  return &image_.rgb[3 * at];
}

void ContactSheet::put(int column, int row, const HostImage& image) {
  LANET_REQUIRE(image.width == side_ && image.height == side_, "{} x {} pixels in a tile of {}",
                image.width, image.height, side_);
  for (int y = 0; y < side_; ++y)
    std::copy_n(&image.rgb[size_t{3} * y * side_], 3 * side_, pixel(column, row, 0, y));
}

void ContactSheet::mark(int column, int row, std::span<const float> points) {
  constexpr std::array<uint8_t, 3> kRim = {0, 0, 0}, kDot = {60, 255, 60};
  const double radius = std::max(1.0, side_ / 90.0);
  for (size_t i = 0; i + 1 < points.size(); i += 2) {
    const float cx = points[i], cy = points[i + 1];
    if (!(cx >= 0 && cx < side_ && cy >= 0 && cy < side_)) continue;
    const int reach = static_cast<int>(std::ceil(radius)) + 1;
    for (int y = static_cast<int>(cy) - reach; y <= static_cast<int>(cy) + reach; ++y) {
      for (int x = static_cast<int>(cx) - reach; x <= static_cast<int>(cx) + reach; ++x) {
        const double distance = std::hypot(x + 0.5 - cx, y + 0.5 - cy);
        if (x < 0 || x >= side_ || y < 0 || y >= side_ || distance > radius + 1) continue;
        std::copy_n((distance <= radius ? kDot : kRim).data(), 3, pixel(column, row, x, y));
      }
    }
  }
}

}  // namespace lanet
