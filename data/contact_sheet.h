// A table of small pictures, as one picture.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "data/image.h"

namespace lanet {

class ContactSheet {
 public:
  /// White; columns x rows tiles of side x side pixels, to the right of the names of the rows.
  ContactSheet(int columns, int rows, int side, std::span<const std::string> names = {});

  /// Shows a picture of side x side pixels in a tile.
  void put(int column, int row, const HostImage& image);
  /// Draws a dot with a dark rim at each point, x and y in turn, in pixels of the tile. What lies
  /// outside the tile is left out.
  void mark(int column, int row, std::span<const float> points);

  const HostImage& image() const { return image_; }

 private:
  uint8_t* pixel(int column, int row, int x, int y);

  int side_;
  int margin_ = 0;  // the width of the names
  HostImage image_;
};

}  // namespace lanet
