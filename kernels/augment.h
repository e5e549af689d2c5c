// Training augmentation of resident 8-bit pictures, and normalisation alone for evaluation
// (docs/design.md, "Augmentation"). draw_augmentation() decides on the host what is done to each
// picture; augment() does it, on the device.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "core/context.h"
#include "kernels/hyperparameter.h"

namespace lanet {

/// Landmark l of a mirrored face was landmark kFlipPermutation[l] of the face as it was.
inline constexpr std::array<int32_t, 19> kFlipPermutation = {5, 4, 3,  2,  1,  0,  11, 10, 9, 8,
                                                             7, 6, 14, 13, 12, 17, 16, 15, 18};

/// The recipe's numbers, all of which are to be given. Areas are shares of the picture, ratios are
/// width : height.
struct AugmentConfig {
  double flip_probability = kNotGiven;
  double crop_area_min = kNotGiven, crop_area_max = kNotGiven;
  double crop_ratio_min = kNotGiven, crop_ratio_max = kNotGiven;
  double jitter_min = kNotGiven, jitter_max = kNotGiven;
  double erase_probability = kNotGiven;
  double erase_area_min = kNotGiven, erase_area_max = kNotGiven;
  double erase_ratio_min = kNotGiven, erase_ratio_max = kNotGiven;
};

enum class ColourStep : int32_t { brightness = 0, contrast = 1, saturation = 2 };

/// What happens to one picture. Plain memory, the same on host and device.
struct AugmentParameters {
  int32_t flip = 0;
  int32_t crop_x = 0, crop_y = 0, crop_width = 0, crop_height = 0;  // in the flipped picture
  float factor[3] = {1, 1, 1};                                      // by ColourStep
  int32_t order[3] = {0, 1, 2};                                     // ColourSteps, first to last
  int32_t erase_x = 0, erase_y = 0, erase_width = 0, erase_height = 0;  // width 0: nothing
};
static_assert(std::is_trivially_copyable_v<AugmentParameters> && sizeof(AugmentParameters) == 60);

/// Draws from RandomStream(seed, Purpose::augmentation, epoch, position) alone: `position` is the
/// place in the epoch's global order, so the draw depends on neither batches, ranks nor threads.
/// Ratios are log-uniform. A crop has 10 tries to fit, then the largest centred crop of an allowed
/// ratio is taken; an erased box has 10 tries to be smaller than the picture, then there is none.
AugmentParameters draw_augmentation(uint64_t seed, uint32_t epoch, uint32_t position,
                                    int64_t image_size, const AugmentConfig& config);

/// A mean or deviation until the caller sets it.
inline constexpr std::array<double, 3> kNoneGiven = {kNotGiven, kNotGiven, kNotGiven};

/// Picture b of the batch is images[sample_indices[b]], treated by parameters[b], in this order:
///   flip; crop, resized back to S (resize.h);
///   brightness, contrast, saturation in the drawn order: v ← blend(d, v, factor), where d is 0, or
///   the rounded mean grey of the picture as it then is, or the pixel's own grey; grey =
///   (19595·R + 38470·G + 7471·B + 2^15) >> 16; blend = d + factor·(v − d) in float, product and
///   sum each rounded, clipped to 0..255 and cut to an integer: Pillow's ImageEnhance;
///   y = (v/255 − mean)/std; the erased box of y is 0.
/// y may have more than three channels, all others 0: whole pixels are then written at once, and
/// the convolution that reads them needs no padded copy. CUDA is fast with 8 in bf16, 4 otherwise.
/// Landmark (x, y), in pixels of an S x S picture, with flip: x → S − x, and landmark l comes from
/// flip_permutation[l] if there is one; then ((x − crop_x)·S/crop_width, y alike).
/// Sums in accumulate_dtype of y's dtype. Independent of the number of threads.
struct AugmentArgs {
  Tensor images;            // u8 [N, S, S, 3]
  Tensor sample_indices;    // i32 [B], each in [0, N)
  Tensor parameters;        // u8 [B, sizeof(AugmentParameters)]
  Tensor y;                 // [B, S, S, C], C >= 3, in f32, bf16 or f64; channels from 3 on are 0
  Tensor landmarks;         // f32 [N, L, 2], or absent
  Tensor landmarks_out;     // [B, L, 2] in accumulate_dtype(y); absent with landmarks
  Tensor flip_permutation;  // i32 [L]; absent: a mirrored face's left landmarks stay its left ones
  std::array<double, 3> mean = kNoneGiven, std = kNoneGiven;  // of R, G, B in [0, 1]
};
/// Uses augment_workspace_bytes of the context's workspace. On CUDA pictures have fewer than 2^15
/// pixels along an axis, and indices and parameters are not checked.
void augment(Context& context, const AugmentArgs& args);
size_t augment_workspace_bytes(const Context& context, int64_t image_size, int64_t batch);

/// y[b] = (images[sample_indices[b]]/255 − mean)/std; the shapes and types of AugmentArgs.
struct NormalizeArgs {
  Tensor images;
  Tensor sample_indices;
  Tensor y;
  std::array<double, 3> mean = kNoneGiven, std = kNoneGiven;  // of R, G, B in [0, 1]
};
void normalize(Context& context, const NormalizeArgs& args);

}  // namespace lanet
