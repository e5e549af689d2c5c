// Plain text in pictures, for the names of rows in a table of faces.
#pragma once

#include <string_view>

#include "data/image.h"

namespace lanet {

/// The size of a text in pixels. scale: the side of a letter's dots.
int text_width(std::string_view text, int scale);
int text_height(int scale);

/// Draws black letters of 5 x 8 dots, from left and top, 0 or more, to the right. What lies beyond
/// the picture is left out; bytes that are not printable ASCII are shown as '?'.
void draw_text(HostImage& image, int left, int top, int scale, std::string_view text);

}  // namespace lanet
