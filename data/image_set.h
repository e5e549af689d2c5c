// The decoded pictures of a data set: in memory, or in a file that is mapped into it.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
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

/// Decodes one picture of a set; InputError if it cannot be read. Called by several threads.
using PictureSource = std::function<HostImage(int64_t index)>;

/// Called about ten times a second at most, by the calling thread, and once at the end.
using DecodeProgress = std::function<void(int64_t done, int64_t total)>;

/// Where the decoded pictures are while a network is trained with them.
enum class Residency {
  automatic,  ///< the first of the others that has room
  device,     ///< in the memory of the context's device
  host,       ///< in the host's memory; the same as `device` on the CPU
  disk        ///< in the packed file, of which the system keeps in memory what fits
};

struct ImageStorage {
  Residency residency = Residency::device;
  /// Folder of packed files (data/picture_pack.h); empty: none is read or written.
  std::filesystem::path cache = {};
  uint64_t key = 0;  ///< of these pictures, for the name of the packed file
};

/// N readable pictures among M. They can be shared by several sets.
struct ImageSet {
  std::shared_ptr<const void> memory;  ///< that `images` lie in
  Tensor images;                       ///< u8 [M, S, S, 3]; on the host or the context's device
  std::vector<int32_t> rows;           ///< [N], the place of each picture in `images`
  std::vector<PictureSize> sizes;      ///< [N], before they were resized
  std::vector<BadImage> bad;           ///< the others, in the list's order
  bool mapped = false;                 ///< `images` are a file

  int64_t size() const { return std::ssize(rows); }
  Tensor picture(int64_t i) const { return images.rows(rows[i], 1); }
  int64_t image_size() const { return images.shape[1]; }
  /// Asks the system to read picture i of a mapped file, and does not wait for it.
  void read_ahead(int64_t i) const;
};

/// Picture i of a set, from wherever it is.
HostImage picture_of(Context& context, const ImageSet& set, int64_t i);

/// Bytes that are free; `device` only of a GPU.
struct FreeMemory {
  std::optional<size_t> device = {};
  size_t host = 0;

  /// Where the context computes.
  size_t here() const { return device.value_or(host); }
};
/// For each rank: they may all be on this machine.
FreeMemory free_memory(const Context& context);
struct ChosenResidency {
  Residency residency;
  std::string reason;  ///< in words; empty where nobody has to know
};
/// What Residency::automatic means for a set of so many bytes. InputError if it fits nowhere.
ChosenResidency choose_residency(size_t bytes, const FreeMemory& free, bool has_cache);

/// Decodes `count` pictures on all of the context's threads, or takes them out of the packed file,
/// and resizes each to S x S pixels. The result does not depend on threads and storage. message:
/// told where the pictures are, if that was chosen and is not the device. progress may be empty.
/// InputError if there is no room where they have to be.
ImageSet load_images(Context& context, int64_t count, const PictureSource& picture, int image_size,
                     const ImageStorage& storage = {}, const DecodeProgress& progress = {},
                     const std::function<void(const std::string&)>& message = {});

}  // namespace lanet
