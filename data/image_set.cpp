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

/// Shares of the free memory that a set takes: the network and the system need the rest. Without a
/// packed file there is no other place than memory.
constexpr double kComfortable = 0.5, kTight = 0.8;

std::string gigabytes(size_t bytes) {
  return fmt::format("{:.1f} GB", static_cast<double>(bytes) / 1e9);
}

FreeMemory free_memory(const Context& context) {
  FreeMemory free{.host = available_host_memory()};
  if (context.device() == Device::cuda) free.device = cuda::free_bytes();
  return free;
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

ChosenResidency choose_residency(size_t bytes, const FreeMemory& free, bool has_cache) {
  const auto fits = [&](size_t room, double share) {
    return static_cast<double>(bytes) <= share * static_cast<double>(room);
  };
  if (free.device && fits(*free.device, kComfortable)) return {Residency::device, ""};
  const std::string where = fmt::format(
      "{}{} of the host's memory are free",
      free.device ? gigabytes(*free.device) + " of the device's and " : "", gigabytes(free.host));
  const Residency in_memory = free.device ? Residency::host : Residency::device;
  if (fits(free.host, has_cache ? kComfortable : kTight))
    return {in_memory, free.device ? fmt::format("the host ({})", where) : ""};
  if (has_cache) return {Residency::disk, fmt::format("disk ({})", where)};
  throw InputError(fmt::format(
      "data.cache: null; expected a folder for a packed file: the pictures take {}, and {}",
      gigabytes(bytes), where));
}

ImageSet load_images(Context& context, int64_t count, const PictureSource& picture, int image_size,
                     const ImageStorage& storage, const DecodeProgress& progress,
                     const std::function<void(const std::string&)>& message) {
  const Shape shape{count, image_size, image_size, 3};
  if (count == 0) return {.images = {nullptr, shape, DType::u8, context.device()}};
  const auto bytes = static_cast<size_t>(shape.elements());
  const bool packed = !storage.cache.empty();
  ChosenResidency chosen{storage.residency, ""};
  if (storage.residency == Residency::automatic)
    chosen = choose_residency(bytes, free_memory(context), packed);
  const Residency residency = chosen.residency;
  if (!chosen.reason.empty() && message)
    message(fmt::format("data.residency: {} of pictures are kept on {}", gigabytes(bytes),
                        chosen.reason));
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
