#include <algorithm>
#include <cmath>
#include <utility>

#include "core/rng.h"
#include "kernels/augment.h"

namespace lanet {

namespace {

constexpr int kTries = 10;

double uniform(RandomStream& stream, double lo, double hi) {
  return lo + (hi - lo) * static_cast<double>(stream.uniform());
}

int32_t rounded(double value) {
  return static_cast<int32_t>(std::lround(value));
}

/// A box of random area and log-uniform ratio, in pixels; it may be larger than the picture.
struct BoxSize {
  int32_t width, height;

  static BoxSize draw(RandomStream& stream, int64_t image_size, double area_min, double area_max,
                      double ratio_min, double ratio_max) {
    const double pixels = static_cast<double>(image_size * image_size);
    const double area = pixels * uniform(stream, area_min, area_max);
    const double ratio = std::exp(uniform(stream, std::log(ratio_min), std::log(ratio_max)));
    return {rounded(std::sqrt(area * ratio)), rounded(std::sqrt(area / ratio))};
  }
};

int32_t place(RandomStream& stream, int32_t size, int32_t length) {
  return static_cast<int32_t>(stream.below(static_cast<uint32_t>(size - length + 1)));
}

void draw_crop(RandomStream& stream, int32_t size, const AugmentConfig& config,
               AugmentParameters& p) {
  for (int i = 0; i < kTries; ++i) {
    const BoxSize box = BoxSize::draw(stream, size, config.crop_area_min, config.crop_area_max,
                                      config.crop_ratio_min, config.crop_ratio_max);
    if (box.width < 1 || box.height < 1 || box.width > size || box.height > size) continue;
    p.crop_width = box.width;
    p.crop_height = box.height;
    p.crop_x = place(stream, size, box.width);
    p.crop_y = place(stream, size, box.height);
    return;
  }
  // A square picture has ratio 1: all of it, if that is an allowed ratio.
  p.crop_width = std::max(1, rounded(size * std::min(1.0, config.crop_ratio_max)));
  p.crop_height = std::max(1, rounded(size / std::max(1.0, config.crop_ratio_min)));
  p.crop_x = (size - p.crop_width) / 2;
  p.crop_y = (size - p.crop_height) / 2;
}

void draw_erased(RandomStream& stream, int32_t size, const AugmentConfig& config,
                 AugmentParameters& p) {
  for (int i = 0; i < kTries; ++i) {
    const BoxSize box = BoxSize::draw(stream, size, config.erase_area_min, config.erase_area_max,
                                      config.erase_ratio_min, config.erase_ratio_max);
    if (box.width < 1 || box.height < 1 || box.width >= size || box.height >= size) continue;
    p.erase_width = box.width;
    p.erase_height = box.height;
    p.erase_x = place(stream, size, box.width);
    p.erase_y = place(stream, size, box.height);
    return;
  }
}

}  // namespace

AugmentParameters draw_augmentation(uint64_t seed, uint32_t epoch, uint32_t position,
                                    int64_t image_size, const AugmentConfig& config) {
  LANET_REQUIRE(image_size > 0 && image_size < (1 << 15), "image_size is {}", image_size);
  require_given("draw_augmentation", {{"flip_probability", config.flip_probability},
                                      {"crop_area_min", config.crop_area_min},
                                      {"crop_area_max", config.crop_area_max},
                                      {"crop_ratio_min", config.crop_ratio_min},
                                      {"crop_ratio_max", config.crop_ratio_max},
                                      {"jitter_min", config.jitter_min},
                                      {"jitter_max", config.jitter_max},
                                      {"erase_probability", config.erase_probability},
                                      {"erase_area_min", config.erase_area_min},
                                      {"erase_area_max", config.erase_area_max},
                                      {"erase_ratio_min", config.erase_ratio_min},
                                      {"erase_ratio_max", config.erase_ratio_max}});
  const auto size = static_cast<int32_t>(image_size);
  RandomStream stream(seed, Purpose::augmentation, epoch, position);
  AugmentParameters p;
  p.flip = stream.uniform() < config.flip_probability;
  draw_crop(stream, size, config, p);
  for (float& factor : p.factor)
    factor = static_cast<float>(uniform(stream, config.jitter_min, config.jitter_max));
  for (int i = 2; i > 0; --i) std::swap(p.order[i], p.order[stream.below(i + 1)]);
  if (stream.uniform() < config.erase_probability) draw_erased(stream, size, config, p);
  return p;
}

}  // namespace lanet
