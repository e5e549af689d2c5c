// All pictures of a data set, decoded once and kept in memory.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/context.h"
#include "data/image.h"

namespace lanet {

/// Mean and standard deviation of R, G and B in [0, 1] that pictures are normalised by.
inline constexpr std::array<double, 3> kPictureMean = {0.5412, 0.4324, 0.3795};
inline constexpr std::array<double, 3> kPictureDeviation = {0.2485, 0.2182, 0.2066};

struct PictureSize {
  int width = 0, height = 0;
};

/// A picture that could not be read: its place in the list, and one line with its file and why.
struct BadImage {
  int64_t index;
  std::string message;
};

/// images: u8 [N, S, S, 3] on the context's device: the readable pictures, in the list's order.
/// sizes: [N], in which these pictures were before they were resized.
/// bad: the others, in the list's order.
struct ImageSet {
  Buffer memory;
  Tensor images;
  std::vector<PictureSize> sizes;
  std::vector<BadImage> bad;
};

/// Called about ten times a second at most, by the calling thread, and once at the end.
using DecodeProgress = std::function<void(int64_t done, int64_t total)>;

/// Decodes one picture of a set; InputError if it cannot be read. Called by several threads.
using PictureSource = std::function<HostImage(int64_t index)>;

/// Decodes `count` pictures on all of the context's threads and resizes each to S x S pixels. The
/// result does not depend on the threads. progress may be empty.
ImageSet decode_images(Context& context, int64_t count, const PictureSource& picture,
                       int image_size, const DecodeProgress& progress = {});
/// The same for the files at `paths`.
ImageSet decode_images(Context& context, const std::vector<std::string>& paths, int image_size,
                       const DecodeProgress& progress = {});

}  // namespace lanet
