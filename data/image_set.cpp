#include "data/image_set.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <numeric>
#include <utility>

#include "core/cuda/memory.h"
#include "core/host_memory.h"
#include "core/ranks/communicator.h"
#include "data/decode.h"
#include "data/picture_pack.h"

namespace lanet {
namespace {

/// Shares of the free memory that a set takes: the network and the system need the rest. Without a
/// packed file there is no other place than memory.
constexpr double kComfortable = 0.4, kTight = 0.8;

/// Tells the system how a mapped block will be read. A hint: failures do not matter.
void advise(const Tensor& mapped, int advice) {
  constexpr size_t kPage = 4096;
  const auto begin = reinterpret_cast<uintptr_t>(mapped.data);
  const uintptr_t page = begin / kPage * kPage;
  (void)::madvise(reinterpret_cast<void*>(page), begin + mapped.bytes() - page, advice);
}

/// All pictures of a list: those that cannot be read have a place too.
struct AllPictures {
  std::shared_ptr<const void> memory;
  Tensor images;
  std::vector<PictureSize> sizes;
  std::vector<BadImage> bad;
};

/// Into memory of `place`. A GPU gets them part by part: the host may not have room for all.
AllPictures decode_all(Context& place, const Shape& shape, const PictureSource& picture,
                       const DecodeProgress& progress) {
  const int64_t count = shape[0];
  const auto memory = std::make_shared<Buffer>(place.allocate(shape.elements()));
  AllPictures all{.memory = memory, .images = memory->tensor(shape, DType::u8)};
  all.sizes.resize(count);
  std::vector<int64_t> which(count);
  std::iota(which.begin(), which.end(), 0);
  DecodeTicker ticker(progress, 0, count);
  const bool direct = place.device() == Device::cpu;
  const int64_t part = direct ? count : pictures_per_part(shape[1]);
  std::vector<uint8_t> pixels(direct ? 0 : part * all.images.rows(0, 1).bytes());
  for (int64_t first = 0; first < count; first += part) {
    const int64_t some = std::min(part, count - first);
    const Tensor to = all.images.rows(first, some);
    decode_pictures(std::span(which).subspan(first, some), picture, static_cast<int>(shape[1]),
                    place.threads(), direct ? to.as<uint8_t>() : pixels.data(),
                    std::span(all.sizes).subspan(first, some), all.bad, ticker);
    if (direct) continue;
    place.copy(to, {pixels.data(), to.shape, DType::u8, Device::cpu});
    place.synchronize();
  }
  ticker.finish();
  return all;
}

AllPictures unpack(Context& host, const Shape& shape, const PictureSource& picture,
                   const ImageStorage& storage, const DecodeProgress& progress,
                   const std::function<void(const std::string&)>& message) {
  PicturePack pack = open_pack(storage.cache, storage.key, shape[0], static_cast<int>(shape[1]),
                               picture, host.threads(), progress, message);
  return {.memory = std::move(pack.mapping),
          .images = {const_cast<uint8_t*>(pack.images), shape, DType::u8, Device::cpu},
          .sizes = std::move(pack.sizes),
          .bad = std::move(pack.bad)};
}

}  // namespace

void ImageSet::read_ahead(int64_t i) const {
  if (mapped) advise(picture(i), MADV_WILLNEED);
}

FreeMemory free_memory(const Context& context) {
  FreeMemory free{.host =
                      available_host_memory() / static_cast<size_t>(context.communicator().size())};
  if (context.device() == Device::cuda) free.device = cuda::free_bytes();
  return free;
}

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
      "data.cache: null; expected a folder for a packed file, or data.residency=host to try "
      "nevertheless: the pictures take {}, and {}",
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
  const bool on_device = residency == Residency::device || context.device() == Device::cpu;
  Context& place = on_device ? context : other;
  AllPictures all = packed ? unpack(place, shape, picture, storage, progress, message)
                           : decode_all(place, shape, picture, progress);
  ImageSet set{.memory = std::move(all.memory),
               .images = all.images,
               .bad = std::move(all.bad),
               .mapped = residency == Residency::disk};
  // Batches are read in random order, so the pages behind a picture are not those that come next.
  if (packed) advise(all.images, set.mapped ? MADV_RANDOM : MADV_SEQUENTIAL);
  if (packed && !set.mapped) {
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

HostImage picture_of(Context& context, const ImageSet& set, int64_t i) {
  const Tensor picture = set.picture(i);
  const auto side = static_cast<int>(set.image_size());
  HostImage image{side, side, std::vector<uint8_t>(picture.bytes())};
  context.copy({image.rgb.data(), picture.shape, DType::u8, Device::cpu}, picture);
  context.synchronize();
  return image;
}

}  // namespace lanet
