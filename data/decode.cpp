#include "data/decode.h"

#include <omp.h>

#include <atomic>
#include <cstring>
#include <exception>

#include "core/error.h"

namespace lanet {

void DecodeTicker::add(int64_t more) {
  done_ += more;
  const auto now = Clock::now();
  if (!progress_ || now - last_ < std::chrono::milliseconds(100)) return;
  last_ = now;
  progress_(done_, total_);
}

void DecodeTicker::finish() const {
  if (progress_) progress_(total_, total_);
}

void decode_pictures(std::span<const int64_t> which, const PictureSource& picture, int image_size,
                     int threads, uint8_t* pixels, std::span<PictureSize> sizes,
                     std::vector<BadImage>& bad, DecodeTicker& ticker) {
  const auto total = std::ssize(which);
  const size_t image_bytes = size_t{3} * image_size * image_size;
  std::vector<std::string> messages(which.size());  // empty where the picture is good
  std::atomic<int64_t> untold = 0;
  std::exception_ptr failure;
#pragma omp parallel for schedule(dynamic) num_threads(threads)
  for (int64_t k = 0; k < total; ++k) {
    try {
      const HostImage stored = picture(which[k]);
      const HostImage image = resize_image(stored, image_size);
      std::memcpy(pixels + k * image_bytes, image.rgb.data(), image_bytes);
      sizes[k] = {stored.width, stored.height};
    } catch (const InputError& error) {
      messages[k] = error.what();
      sizes[k] = {};
    } catch (...) {  // must not leave the parallel loop
#pragma omp critical(lanet_decode_pictures)
      failure = std::current_exception();
    }
    ++untold;
    if (omp_get_thread_num() == 0) ticker.add(untold.exchange(0));
  }
  if (failure) std::rethrow_exception(failure);
  ticker.add(untold.exchange(0));
  for (int64_t k = 0; k < total; ++k)
    if (!messages[k].empty()) bad.push_back({which[k], messages[k]});
}

}  // namespace lanet
