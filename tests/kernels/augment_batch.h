// What the tests of augment on every device compute with.
#pragma once

#include "data/image_set.h"
#include "kernels/augment.h"
#include "kernels/augment_cases.h"
#include "tests/op_test.h"

namespace lanet::test {

/// What the parameters of the tests are drawn by.
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

/// A batch and what augment() makes of it.
struct AugmentBatch {
  int64_t size;
  OwnedTensor images, indices, parameters, landmarks, permutation;
  OwnedTensor y, landmarks_out;
  bool swap = true;

  AugmentBatch(const AugmentCase& c, DType dtype)
      : AugmentBatch(c.samples, c.batch, c.image_size, c.landmarks, dtype, c.channels) {}
  AugmentBatch(int64_t samples, int64_t batch, int64_t image_size, int64_t num_landmarks,
               DType dtype, int64_t channels = 3)
      : size(image_size),
        images(OwnedTensor::random({samples, size, size, 3}, DType::u8, 1, 0, 256)),
        indices(OwnedTensor::random({batch}, DType::i32, 2, 0, static_cast<double>(samples))),
        parameters({batch, sizeof(AugmentParameters)}, DType::u8),
        landmarks(OwnedTensor::random({samples, num_landmarks, 2}, DType::f32, 3, 0,
                                      static_cast<double>(size))),
        permutation({num_landmarks}, DType::i32),
        y({batch, size, size, channels}, dtype),
        landmarks_out({batch, num_landmarks, 2}, accumulate_dtype(dtype)) {
    permutation.fill([&](int64_t l) { return static_cast<double>(num_landmarks - 1 - l); });
    for (int64_t b = 0; b < batch; ++b)
      at(b) = draw_augmentation(7, 1, static_cast<uint32_t>(b), size, kAugmentDraws);
  }
  AugmentParameters& at(int64_t b) {
    return static_cast<AugmentParameters*>(parameters.tensor().data)[b];
  }
  AugmentArgs args() const {
    const bool with = landmarks.elements() > 0;
    return {.images = images,
            .sample_indices = indices,
            .parameters = parameters,
            .y = y,
            .landmarks = with ? landmarks.tensor() : Tensor{},
            .landmarks_out = with ? landmarks_out.tensor() : Tensor{},
            .flip_permutation = with && swap ? permutation.tensor() : Tensor{},
            .mean = kPictureMean,
            .std = kPictureDeviation};
  }
  void run(int threads = 2) {
    Context context(Device::cpu, threads);
    context.reserve_workspace(augment_workspace_bytes(context, size, indices.elements()));
    context.freeze();
    augment(context, args());
    CHECK(y.guards_intact());
    CHECK(landmarks_out.guards_intact());
  }
};

}  // namespace lanet::test
