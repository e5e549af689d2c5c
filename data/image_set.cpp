#include "data/image_set.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <utility>

#include "core/cuda/memory.h"
#include "core/host_memory.h"
#include "data/decode.h"
#include "data/picture_pack.h"

namespace lanet {
namespace {

/// The share of free memory that a set may take where the place is chosen: the network and the
/// system need the rest.
constexpr double kShareOfMemory = 0.5;

std::string gigabytes(size_t bytes) {
  return fmt::format("{:.1f} GB", static_cast<double>(bytes) / 1e9);
}

/// Where the set goes, and why, in words; empty if nobody needs to know.
std::pair<Residency, std::string> choose(const Context& context, size_t bytes,
                                         const ImageStorage& storage) {
  if (storage.residency != Residency::automatic) return {storage.residency, ""};
  const auto fits = [&](size_t free) {
    return static_cast<double>(bytes) <= kShareOfMemory * static_cast<double>(free);
  };
  std::string reason;
  if (context.device() == Device::cuda) {
    const size_t free = cuda::free_bytes();
    if (fits(free)) return {Residency::device, ""};
    reason = fmt::format("{} of the device's memory and ", gigabytes(free));
  }
  const size_t free = available_host_memory();
  reason += fmt::format("{} of the host's are free", gigabytes(free));
  if (fits(free))
    return {Residency::host,
            context.device() == Device::cuda ? fmt::format("host ({})", reason) : ""};
  if (storage.cache.empty())
    throw InputError(fmt::format(
        "data.cache: null; expected a folder for a packed file: the pictures take {}, and {}, of "
        "which they may take half",
        gigabytes(bytes), reason));
  return {Residency::disk, fmt::format("disk ({})", reason)};
}

/// All pictures of a list on the host: those that cannot be read have a place too.
struct HostPictures {
  std::shared_ptr<const void> memory;
  Tensor images;
  std::vector<PictureSize> sizes;
  std::vector<BadImage> bad;
};

HostPictures decode_all(Context& host, const Shape& shape, const PictureSource& picture,
                        const DecodeProgress& progress) {
  const auto memory = std::make_shared<Buffer>(host.allocate(shape.elements()));
  HostPictures all{.memory = memory, .images = memory->tensor(shape, DType::u8)};
  all.sizes.resize(shape[0]);
  std::vector<int64_t> which(shape[0]);
  std::iota(which.begin(), which.end(), 0);
  DecodeTicker ticker(progress, 0, shape[0]);
  decode_pictures(which, picture, static_cast<int>(shape[1]), host.threads(),
                  all.images.as<uint8_t>(), all.sizes, all.bad, ticker);
  ticker.finish();
  return all;
}

HostPictures unpack(Context& host, const Shape& shape, const PictureSource& picture,
                    const ImageStorage& storage, const DecodeProgress& progress) {
  PicturePack pack = open_pack(storage.cache, storage.key, shape[0], static_cast<int>(shape[1]),
                               picture, host.threads(), progress);
  return {.memory = std::move(pack.mapping),
          .images = {const_cast<uint8_t*>(pack.images), shape, DType::u8, Device::cpu},
          .sizes = std::move(pack.sizes),
          .bad = std::move(pack.bad)};
}

}  // namespace

ImageSet load_images(Context& context, int64_t count, const PictureSource& picture, int image_size,
                     const ImageStorage& storage, const DecodeProgress& progress,
                     const std::function<void(const std::string&)>& message) {
  const Shape shape{count, image_size, image_size, 3};
  if (count == 0) return {.images = {nullptr, shape, DType::u8, context.device()}};
  const auto bytes = static_cast<size_t>(shape.elements());
  const auto [residency, reason] = choose(context, bytes, storage);
  if (!reason.empty() && message)
    message(fmt::format("data.residency: {} of pictures are kept on {}", gigabytes(bytes), reason));
  const bool packed = !storage.cache.empty();
  if (residency == Residency::disk && !packed)
    throw InputError(
        "data.cache: null; expected a folder for the packed file in which data.residency disk "
        "keeps the pictures");

  Context other;
  Context& host = context.device() == Device::cpu ? context : other;
  HostPictures all = packed ? unpack(host, shape, picture, storage, progress)
                            : decode_all(host, shape, picture, progress);
  ImageSet set{.memory = std::move(all.memory),
               .images = all.images,
               .bad = std::move(all.bad),
               .mapped = residency == Residency::disk};
  Context& place = residency == Residency::device ? context : host;
  const bool moves = place.device() != Device::cpu || (packed && !set.mapped);
  if (moves) {
    const auto memory = std::make_shared<Buffer>(place.allocate(bytes));
    set.images = memory->tensor(shape, DType::u8);
    place.copy(set.images, all.images);
    place.synchronize();
    set.memory = memory;
  }
  auto bad = set.bad.begin();
  for (int64_t i = 0; i < count; ++i) {
    if (bad != set.bad.end() && bad->index == i) {
      ++bad;
      continue;
    }
    set.rows.push_back(static_cast<int32_t>(i));
    set.sizes.push_back(all.sizes[i]);
  }
  return set;
}

}  // namespace lanet
