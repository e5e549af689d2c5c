#include "data/image_set.h"

#include <omp.h>

#include <atomic>
#include <chrono>
#include <cstring>
#include <exception>

namespace lanet {

namespace {

/// Calls the user's function at most ten times a second.
class Ticker {
 public:
  explicit Ticker(const DecodeProgress& progress) : progress_(progress) {}

  void tick(int64_t done, int64_t total) {
    const auto now = std::chrono::steady_clock::now();
    if (!progress_ || now - last_ < std::chrono::milliseconds(100)) return;
    last_ = now;
    progress_(done, total);
  }

 private:
  const DecodeProgress& progress_;
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

}  // namespace

ImageSet decode_images(Context& context, const std::vector<std::string>& paths, int image_size,
                       const DecodeProgress& progress) {
  return decode_images(
      context, std::ssize(paths), [&](int64_t i) { return decode_image(paths[i]); }, image_size,
      progress);
}

ImageSet decode_images(Context& context, int64_t total, const PictureSource& picture,
                       int image_size, const DecodeProgress& progress) {
  const size_t image_bytes = size_t{3} * image_size * image_size;
  Context host;
  Buffer decoded = (context.device() == Device::cpu ? context : host).allocate(total * image_bytes);
  auto* bytes = static_cast<uint8_t*>(decoded.data());

  std::vector<std::string> messages(total);  // empty where the picture is good
  std::vector<PictureSize> sizes(total);
  std::atomic<int64_t> done = 0;
  std::exception_ptr failure;
  Ticker ticker(progress);
#pragma omp parallel for schedule(dynamic) num_threads(context.threads())
  for (int64_t i = 0; i < total; ++i) {
    try {
      const HostImage stored = picture(i);
      sizes[i] = {stored.width, stored.height};
      const HostImage image = resize_image(stored, image_size);
      std::memcpy(bytes + i * image_bytes, image.rgb.data(), image_bytes);
    } catch (const InputError& error) {
      messages[i] = error.what();
    } catch (...) {
#pragma omp critical(lanet_decode_images)
      failure = std::current_exception();
    }
    ++done;
    if (omp_get_thread_num() == 0) ticker.tick(done, total);
  }
  if (failure) std::rethrow_exception(failure);
  if (progress) progress(total, total);

  // The good ones close ranks.
  ImageSet set;
  int64_t good = 0;
  for (int64_t i = 0; i < total; ++i) {
    if (!messages[i].empty()) {
      set.bad.push_back({i, messages[i]});
      continue;
    }
    set.sizes.push_back(sizes[i]);
    if (good != i) std::memcpy(bytes + good * image_bytes, bytes + i * image_bytes, image_bytes);
    ++good;
  }
  const Shape shape{good, image_size, image_size, 3};
  if (good == 0) {
    set.images = {nullptr, shape, DType::u8, context.device()};
  } else if (context.device() == Device::cpu) {
    set.memory = std::move(decoded);
    set.images = set.memory.tensor(shape, DType::u8);
  } else {
    set.memory = context.allocate(good * image_bytes);
    set.images = set.memory.tensor(shape, DType::u8);
    context.copy(set.images, decoded.tensor(shape, DType::u8));
    context.synchronize();
  }
  return set;
}

}  // namespace lanet
