// What a picture file says besides its pixels: its format, whether it is whole, and how its camera
// was held.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace lanet {

enum class PictureFormat { jpeg, png, webp, other };

/// By the first bytes, whatever the file's name.
PictureFormat picture_format(std::span<const uint8_t> file);

/// What a file of PictureFormat::other seems to be ("a GIF picture"); empty: unknown.
std::string_view describe_other_format(std::span<const uint8_t> file);

struct PictureLayout {
  int width = 0, height = 0;  ///< as the file claims; 0: it does not say
  bool complete = false;    ///< the file goes on to its end marker (EOI, IEND, the length in RIFF)
  int orientation = 1;      ///< EXIF's, 1..8; 1: as it is
  bool animated = false;    ///< WebP with several frames
  bool plain_cmyk = false;  ///< a JPEG of four channels without Adobe's marker
  /// A Huffman table of a JPEG has more than 256 codes, or a scan uses one that was not defined:
  /// stb_image would read and write outside of its memory.
  bool bad_huffman_table = false;
  bool bad_checksum = false;  ///< of a chunk of a PNG
  /// The compressed pixels of a PNG, piece by piece, and how many bytes they become.
  std::vector<std::span<const uint8_t>> packed = {};
  uint64_t unpacked_bytes = 0;
  std::string_view jpeg_kind = "";  ///< of a JPEG whose pixels are not baseline or progressive
};

/// Reads the segments or chunks of a JPEG, PNG or WebP file. Never throws: what is damaged is left
/// to the decoder.
PictureLayout read_layout(std::span<const uint8_t> file, PictureFormat format);

}  // namespace lanet
