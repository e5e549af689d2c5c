#include "data/webp.h"

#include <webp/decode.h>

#include <memory>

namespace lanet {

bool have_webp() {
  return true;
}

std::optional<RgbaImage> decode_webp(std::span<const uint8_t> file) {
  RgbaImage image;
  const std::unique_ptr<uint8_t, decltype(&WebPFree)> pixels(
      WebPDecodeRGBA(file.data(), file.size(), &image.width, &image.height), WebPFree);
  if (!pixels) return std::nullopt;
  image.rgba.assign(pixels.get(), pixels.get() + size_t{4} * image.width * image.height);
  return image;
}

}  // namespace lanet
