// Sizes and tensors for the tests and the benchmark of augment and normalize.
#pragma once

#include "core/owned_tensor.h"
#include "kernels/augment.h"

namespace lanet {

struct AugmentCase {
  int64_t samples, batch, image_size, landmarks, channels;
  bool bench = false;
};
inline constexpr AugmentCase kAugmentCases[] = {
    {1, 1, 1, 1, 3},
    {3, 7, 13, 5, 3},
    {2, 3, 64, 5, 4},
    {2, 3, 20, 0, 5},
    {2, 6, 3, 2, 8},
    {2, 5, 23, 3, 8},
    {64, 64, 64, 19, 3, true},
    {32, 32, 224, 19, 3, true},
    {32, 32, 224, 19, 4, true},
    {32, 32, 224, 19, 8, true},
};

/// What the parameters are drawn by.
inline constexpr AugmentConfig kAugmentDraws{.flip_probability = 0.5,
                                             .crop_area_min = 0.75,
                                             .crop_area_max = 1.0,
                                             .crop_ratio_min = 3.0 / 4.0,
                                             .crop_ratio_max = 4.0 / 3.0,
                                             .jitter_min = 0.6,
                                             .jitter_max = 1.4,
                                             .erase_probability = 0.2,
                                             .erase_area_min = 0.02,
                                             .erase_area_max = 0.20,
                                             .erase_ratio_min = 0.3,
                                             .erase_ratio_max = 3.3};

/// A batch, and what augment() and normalize() make of it.
struct AugmentTensors {
  OwnedTensor images, indices, parameters, landmarks, permutation, y, landmarks_out;
  std::array<double, 3> mean = {0.5412, 0.4324, 0.3795}, std = {0.2485, 0.2182, 0.2066};
  bool swap = true;  ///< landmarks of a mirrored face change sides

  AugmentTensors(const AugmentCase& c, DType dtype, Context& context = host_context()) {
    const int64_t size = c.image_size;
    std::vector<AugmentParameters> drawn;
    for (int64_t b = 0; b < c.batch; ++b)
      drawn.push_back(draw_augmentation(7, 1, static_cast<uint32_t>(b), size, kAugmentDraws));
    const auto* bytes = reinterpret_cast<const uint8_t*>(drawn.data());
    const auto random = [&](const Shape& shape, DType type, uint32_t seed, int64_t end) {
      return OwnedTensor::random(context, shape, type, seed, 0, static_cast<double>(end));
    };
    images = random({c.samples, size, size, 3}, DType::u8, 1, 256);
    indices = random({c.batch}, DType::i32, 2, c.samples);
    parameters = OwnedTensor(context, {c.batch, sizeof(AugmentParameters)}, DType::u8,
                             [&](int64_t i) { return bytes[i]; });
    landmarks = random({c.samples, c.landmarks, 2}, DType::f32, 3, size);
    permutation = OwnedTensor(context, {c.landmarks}, DType::i32,
                              [&](int64_t l) { return c.landmarks - 1 - l; });
    y = OwnedTensor(context, {c.batch, size, size, c.channels}, dtype);
    landmarks_out = OwnedTensor(context, {c.batch, c.landmarks, 2}, accumulate_dtype(dtype));
  }
  std::vector<OwnedTensor*> all() {
    return {&images, &indices, &parameters, &landmarks, &permutation, &y, &landmarks_out};
  }
  /// Of a batch on the host.
  AugmentParameters& at(int64_t b) {
    return static_cast<AugmentParameters*>(parameters.tensor().data)[b];
  }
  size_t workspace_bytes(const Context& context) const {
    return augment_workspace_bytes(context, images.shape()[1], indices.elements());
  }
  AugmentArgs augmentation() const {
    const bool with = landmarks.elements() > 0;
    return {.images = images,
            .sample_indices = indices,
            .parameters = parameters,
            .y = y,
            .landmarks = with ? landmarks.tensor() : Tensor{},
            .landmarks_out = with ? landmarks_out.tensor() : Tensor{},
            .flip_permutation = with && swap ? permutation.tensor() : Tensor{},
            .mean = mean,
            .std = std};
  }
  NormalizeArgs normalization() const {
    return {.images = images, .sample_indices = indices, .y = y, .mean = mean, .std = std};
  }
};

}  // namespace lanet
