// Packed files: the decoded pictures of a list in one file, so that a run can start without
// decoding and train with a set that is larger than memory.
#pragma once

#include <filesystem>

#include "data/image_set.h"

namespace lanet {

/// A safetensors file with the tensors `sizes`, i32 [N, 2], width and height of each picture before
/// it was resized, and `images`, u8 [N, S, S, 3], mapped into memory.
struct PicturePack {
  std::shared_ptr<const void> mapping;
  const uint8_t* images = nullptr;
  std::vector<PictureSize> sizes;  ///< 0 x 0 where the picture cannot be read
  std::vector<BadImage> bad;       ///< those
};

/// Opens FOLDER/KEY.safetensors, where KEY has 16 hexadecimal digits, and first writes it, or what
/// is missing in it: an interrupted process has kept what it had decoded, and pictures that could
/// not be read are tried again. Other processes wait meanwhile. `folder` is created. The key has to
/// differ where any of the arguments or the pictures do. A complete file may be in a folder that
/// cannot be written to. message: told if another process has to be waited for. InputError: the
/// file is there, but is another one or damaged. Error: it cannot be written, as on a full disk.
PicturePack open_pack(const std::filesystem::path& folder, uint64_t key, int64_t count,
                      int image_size, const PictureSource& picture, int threads,
                      const DecodeProgress& progress,
                      const std::function<void(const std::string&)>& message = {});

}  // namespace lanet
