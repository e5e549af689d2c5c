#include "data/perceptual_hash.h"

namespace lanet {

PerceptualHash perceptual_hash(const HostImage& image) {
  constexpr int kSide = 16;
  const HostImage small = resize_image(image, kSide + 1, kSide);
  auto brightness = [&](int x, int y) {
    const uint8_t* pixel = &small.rgb[size_t{3} * (y * small.width + x)];
    return 299 * pixel[0] + 587 * pixel[1] + 114 * pixel[2];
  };
  PerceptualHash hash{};
  for (int y = 0; y < kSide; ++y) {
    for (int x = 0; x < kSide; ++x) {
      const int place = y * kSide + x, bit = place % 64;
      const uint64_t upright = brightness(x, y) < brightness(x + 1, y);
      const uint64_t mirrored = brightness(kSide - x, y) < brightness(kSide - x - 1, y);
      hash.upright[place / 64] |= upright << bit;
      hash.mirrored[place / 64] |= mirrored << bit;
    }
  }
  return hash;
}

}  // namespace lanet
