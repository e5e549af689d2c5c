// In place of webp.cpp where there is no libwebp.
#include "core/error.h"
#include "data/webp.h"

namespace lanet {

bool have_webp() {
  return false;
}

std::optional<RgbaImage> decode_webp(std::span<const uint8_t>) {
  throw Error("built without libwebp");
}

}  // namespace lanet
