#include "data/picture_layout.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <numeric>

namespace lanet {

namespace {

using Bytes = std::span<const uint8_t>;

constexpr std::string_view kJpegStart = "\xFF\xD8\xFF";
constexpr std::string_view kPngStart = "\x89PNG\r\n\x1A\n";

bool has(Bytes file, size_t at, std::string_view text) {
  if (at > file.size() || file.size() - at < text.size()) return false;
  return std::string_view(reinterpret_cast<const char*>(&file[at]), text.size()) == text;
}

uint64_t number(Bytes bytes, bool big_endian) {
  uint64_t value = 0;
  for (size_t i = 0; i < bytes.size(); ++i)
    value |= uint64_t{bytes[i]} << 8 * (big_endian ? bytes.size() - 1 - i : i);
  return value;
}

/// The orientation in the first directory of an EXIF block (a TIFF header and its tags); 1 if there
/// is none, or none of 1..8.
int exif_orientation(Bytes block) {
  constexpr uint64_t kOrientationTag = 0x0112, kShort = 3;
  constexpr size_t kEntryBytes = 12;
  if (has(block, 0, std::string_view("Exif\0\0", 6))) block = block.subspan(6);
  const bool big_endian = has(block, 0, std::string_view("MM\0*", 4));
  if (!big_endian && !has(block, 0, std::string_view("II*\0", 4))) return 1;
  auto at = [&](size_t offset, size_t bytes) {
    return offset > block.size() || block.size() - offset < bytes
               ? 0
               : number(block.subspan(offset, bytes), big_endian);
  };
  const size_t directory = at(4, 4);
  const uint64_t entries = at(directory, 2);
  for (uint64_t i = 0; i < entries; ++i) {
    const size_t entry = directory + 2 + i * kEntryBytes;
    if (at(entry, 2) != kOrientationTag || at(entry + 2, 2) != kShort) continue;
    const uint64_t orientation = at(entry + 8, 2);
    return orientation >= 1 && orientation <= 8 ? static_cast<int>(orientation) : 1;
  }
  return 1;
}

std::string_view jpeg_kind(uint8_t marker) {
  if (marker <= 0xC2) return "";
  if (marker == 0xC3) return "lossless";
  return marker < 0xC9 ? "hierarchical" : "arithmetic-coded";
}

bool is_start_of_frame(uint8_t marker) {
  return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
}

/// The tables of Huffman codes of a JPEG: which have been defined, and whether one that was used
/// was not, or has too many codes. A decoder may read outside of its memory then.
class HuffmanTables {
 public:
  bool bad() const { return bad_; }

  /// A DHT segment, which begins with its length: of each table a byte of class and number, how
  /// many codes there are of each of 16 lengths, then their symbols. A decoder reads a table that
  /// begins inside the segment although it ends outside: `file` is all that follows the marker.
  void define(Bytes file, size_t segment) {
    constexpr size_t kLengths = 16, kMost = 256;
    for (size_t at = 2; at < std::min(segment, file.size());) {
      defined_[file[at]] = true;
      Bytes counts = file.subspan(at + 1);
      counts = counts.first(std::min(kLengths, counts.size()));
      const size_t codes = std::accumulate(counts.begin(), counts.end(), size_t{0});
      bad_ |= codes > kMost;
      at += 1 + kLengths + codes;
    }
  }

  /// An SOS segment: how many components, for each its name and its tables, then, for a progressive
  /// picture, which coefficients follow. A scan of the others needs no table for the mean, one of
  /// the mean alone none for the others, and one that refines the mean none at all.
  void use(Bytes segment, bool progressive) {
    const size_t components = segment.size() > 2 ? segment[2] : 0, end = 3 + 2 * components;
    if (segment.size() < end + 3) return;  // no decoder begins such a scan
    const bool first_is_mean = segment[end] == 0, refines = segment[end + 2] >> 4 != 0;
    for (size_t i = 3; i < end; i += 2) {
      const uint8_t mean = segment[i + 1] >> 4, others = segment[i + 1] & 0xF;
      if (!progressive || (first_is_mean && !refines)) bad_ |= !defined_[mean];
      if (!progressive || !first_is_mean) bad_ |= !defined_[kOthers | others];
    }
  }

 private:
  static constexpr uint8_t kOthers = 0x10;  ///< the class
  std::array<bool, 256> defined_{};
  bool bad_ = false;
};

/// Segments are skipped by their length, because a preview inside one has an end marker of its own.
/// What follows the end marker is ignored.
PictureLayout jpeg_layout(Bytes file) {
  PictureLayout layout;
  HuffmanTables tables;
  bool adobe = false, exif = false, progressive = false;
  int channels = 0;
  size_t at = 2;
  while (at + 1 < file.size()) {
    if (file[at] != 0xFF) {  // entropy-coded data
      ++at;
      continue;
    }
    const uint8_t marker = file[at + 1];
    if (marker == 0xD9) {
      layout.complete = true;
      break;
    }
    if (marker == 0xFF) {  // fill byte
      ++at;
    } else if (marker == 0x00 || marker == 0x01 || (marker >= 0xD0 && marker <= 0xD8)) {
      at += 2;  // a stuffed 0xFF, or a marker without a segment
    } else {
      if (at + 3 >= file.size()) break;
      const size_t length = number(file.subspan(at + 2, 2), true);
      const Bytes segment = file.subspan(at + 2, std::min(length, file.size() - at - 2));
      if (marker == 0xE1 && !exif && has(segment, 2, "Exif")) {
        exif = true;
        layout.orientation = exif_orientation(segment.subspan(2));
      }
      if (marker == 0xEE && has(segment, 2, "Adobe")) adobe = true;
      if (marker == 0xC4) tables.define(file.subspan(at + 2), length);
      if (marker == 0xDA) tables.use(segment, progressive);
      if (is_start_of_frame(marker) && segment.size() > 7) {
        if (channels == 0) progressive = marker == 0xC2;
        layout.jpeg_kind = segment[2] == 8 ? jpeg_kind(marker) : "12-bit";
        channels = segment[7];
        layout.height = static_cast<int>(number(segment.subspan(3, 2), true));
        layout.width = static_cast<int>(number(segment.subspan(5, 2), true));
      }
      at += 2 + length;
    }
  }
  layout.bad_huffman_table = tables.bad();
  layout.plain_cmyk = channels == 4 && !adobe;
  return layout;
}

/// The checksum that ends a chunk, of its type and content.
uint32_t chunk_checksum(Bytes content) {
  static constexpr auto kTable = [] {
    std::array<uint32_t, 256> table{};
    for (uint32_t i = 0; i < 256; ++i) {
      table[i] = i;
      for (int bit = 0; bit < 8; ++bit)
        table[i] = (table[i] >> 1) ^ ((table[i] & 1) != 0 ? 0xEDB88320u : 0);
    }
    return table;
  }();
  uint32_t sum = ~uint32_t{0};
  for (const uint8_t byte : content) sum = kTable[(sum ^ byte) & 0xFF] ^ (sum >> 8);
  return ~sum;
}

/// Bytes of a part of a picture: rows that begin with a byte for their filter.
uint64_t bytes_of_rows(uint64_t width, uint64_t height, uint64_t bits) {
  return width == 0 ? 0 : height * (1 + (width * bits + 7) / 8);
}

/// Takes what the first chunk of a PNG says.
void read_header(Bytes content, PictureLayout& layout) {
  constexpr size_t kBytes = 13;
  constexpr uint64_t kLargest = 1 << 30;
  if (content.size() < kBytes) return;
  const uint64_t width = number(content.first(4), true),
                 height = number(content.subspan(4, 4), true);
  if (width > kLargest || height > kLargest) return;
  layout.width = static_cast<int>(width);
  layout.height = static_cast<int>(height);
  constexpr std::array<uint64_t, 7> kChannels = {1, 0, 3, 1, 2, 0, 4};  // by colour type
  const uint64_t bits = content[9] < kChannels.size() ? content[8] * kChannels[content[9]] : 0;
  if (content[12] == 0) {
    layout.unpacked_bytes = bytes_of_rows(width, height, bits);
    return;
  }
  struct Pass {
    uint64_t x, y, dx, dy;
  };
  constexpr Pass kPasses[] = {{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4},
                              {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}};
  for (const Pass& pass : kPasses)
    layout.unpacked_bytes += bytes_of_rows((width + pass.dx - 1 - pass.x) / pass.dx,
                                           (height + pass.dy - 1 - pass.y) / pass.dy, bits);
}

PictureLayout png_layout(Bytes file) {
  constexpr size_t kAround = 12;  // length, type and checksum of a chunk
  PictureLayout layout;
  size_t at = kPngStart.size();
  while (at + kAround <= file.size()) {
    const size_t length = number(file.subspan(at, 4), true);
    if (length > file.size() - at - kAround) break;
    const Bytes content = file.subspan(at + 8, length);
    if (chunk_checksum(file.subspan(at + 4, 4 + length)) !=
        number(file.subspan(at + 8 + length, 4), true))
      layout.bad_checksum = true;
    if (has(file, at + 4, "IHDR") && layout.width == 0) read_header(content, layout);
    if (has(file, at + 4, "IDAT")) layout.packed.push_back(content);
    if (has(file, at + 4, "eXIf")) layout.orientation = exif_orientation(content);
    if (has(file, at + 4, "IEND")) {
      layout.complete = true;
      break;
    }
    at += kAround + length;
  }
  return layout;
}

/// Width and height that the first chunk of a WebP file claims.
void read_webp_size(Bytes file, PictureLayout& layout) {
  constexpr size_t kContent = 20, kHeader = 10;
  if (file.size() < kContent + kHeader) return;
  const Bytes content = file.subspan(kContent);
  const auto at = [&](size_t place, size_t bytes) {
    return static_cast<int>(number(content.subspan(place, bytes), false));
  };
  constexpr int kBits14 = (1 << 14) - 1;
  if (has(file, 12, "VP8X")) {
    layout.width = 1 + at(4, 3);
    layout.height = 1 + at(7, 3);
  } else if (has(file, 12, "VP8L")) {
    const uint64_t packed = number(content.subspan(1, 4), false);
    layout.width = 1 + static_cast<int>(packed & kBits14);
    layout.height = 1 + static_cast<int>(packed >> 14 & kBits14);
  } else if (has(file, 12, "VP8 ")) {
    layout.width = at(6, 2) & kBits14;
    layout.height = at(8, 2) & kBits14;
  }
}

PictureLayout webp_layout(Bytes file) {
  PictureLayout layout;
  read_webp_size(file, layout);
  const size_t whole = 8 + number(file.subspan(4, 4), false);
  layout.complete = file.size() >= whole;
  size_t at = 12;
  while (at + 8 <= file.size()) {
    const size_t length = number(file.subspan(at + 4, 4), false);
    if (length > file.size() - at - 8) break;
    if (has(file, at, "EXIF")) layout.orientation = exif_orientation(file.subspan(at + 8, length));
    if (has(file, at, "ANIM")) layout.animated = true;
    at += 8 + length + length % 2;
  }
  return layout;
}

}  // namespace

PictureFormat picture_format(Bytes file) {
  if (has(file, 0, kJpegStart)) return PictureFormat::jpeg;
  if (has(file, 0, kPngStart)) return PictureFormat::png;
  if (has(file, 0, "RIFF") && has(file, 8, "WEBP")) return PictureFormat::webp;
  return PictureFormat::other;
}

std::string_view describe_other_format(Bytes file) {
  struct Known {
    size_t at;
    std::string_view text, name;
  };
  static constexpr auto kKnown = std::to_array<Known>({
      {0, "GIF8", "a GIF picture"},
      {0, "BM", "a BMP picture"},
      {0, std::string_view("II*\0", 4), "a TIFF picture"},
      {0, std::string_view("MM\0*", 4), "a TIFF picture"},
      {4, "ftypavif", "an AVIF picture"},
      {4, "ftyphei", "a HEIC picture"},
      {4, "ftypmif1", "a HEIC picture"},
      {4, "jP  ", "a JPEG 2000 picture"},
      {0, "\xFF\x0A", "a JPEG XL picture"},
      {4, "JXL ", "a JPEG XL picture"},
  });
  for (const Known& known : kKnown)
    if (has(file, known.at, known.text)) return known.name;
  return "";
}

PictureLayout read_layout(Bytes file, PictureFormat format) {
  switch (format) {
    case PictureFormat::jpeg:
      return jpeg_layout(file);
    case PictureFormat::png:
      return png_layout(file);
    case PictureFormat::webp:
      return webp_layout(file);
    case PictureFormat::other:
      break;
  }
  return {};
}

}  // namespace lanet
