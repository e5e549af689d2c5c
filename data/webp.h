// WebP pictures, by libwebp where the program is built with it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace lanet {

/// Whether the program is built with libwebp.
bool have_webp();

/// 8-bit RGBA, rows from top to bottom.
struct RgbaImage {
  int width = 0;
  int height = 0;
  std::vector<uint8_t> rgba;  // [height, width, 4]
};

/// Decodes a still WebP file; nothing if it is damaged. Only where have_webp().
std::optional<RgbaImage> decode_webp(std::span<const uint8_t> file);

}  // namespace lanet
