// Decodes many pictures at once.
#pragma once

#include <algorithm>
#include <chrono>

#include "data/image_set.h"

namespace lanet {

/// Tells the user's function at most ten times a second.
class DecodeTicker {
 public:
  DecodeTicker(const DecodeProgress& progress, int64_t done, int64_t total)
      : progress_(progress), done_(done), total_(total) {}

  /// By the calling thread: so many more are done.
  void add(int64_t more);
  void finish() const;

 private:
  using Clock = std::chrono::steady_clock;
  const DecodeProgress& progress_;
  int64_t done_, total_;
  Clock::time_point last_ = Clock::now();
};

/// How many pictures of side S are decoded in one go where all at once would take too much memory.
constexpr int64_t pictures_per_part(int64_t image_size) {
  constexpr int64_t kPartBytes = int64_t{32} << 20;
  return std::max<int64_t>(1, kPartBytes / (3 * image_size * image_size));
}

/// Decodes the pictures `which` on so many threads and resizes each to S x S pixels: the k-th of
/// them goes to pixels + k·S·S·3, its size to sizes[k]. Those that cannot be read are added to
/// `bad`; their size is 0 x 0. The result does not depend on the threads.
void decode_pictures(std::span<const int64_t> which, const PictureSource& picture, int image_size,
                     int threads, uint8_t* pixels, std::span<PictureSize> sizes,
                     std::vector<BadImage>& bad, DecodeTicker& ticker);

}  // namespace lanet
