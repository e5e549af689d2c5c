#include "data/image.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string_view>

#include "core/error.h"
#include "core/files/document.h"
#include "core/files/file.h"
#include "data/picture_layout.h"
#include "data/webp.h"
#include "kernels/resize.h"

#define STBI_ONLY_JPEG
#define STBI_ONLY_PNG
#define STBI_NO_STDIO
#define STB_IMAGE_STATIC
#define STB_IMAGE_IMPLEMENTATION
#define STBI_WRITE_NO_STDIO
#define STB_IMAGE_WRITE_STATIC
#define STB_IMAGE_WRITE_IMPLEMENTATION
// GCC reports unused static functions of system headers too.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#include <stb_image.h>
#include <stb_image_write.h>
#pragma GCC diagnostic pop

namespace lanet {

namespace {

using Bytes = std::vector<uint8_t>;

constexpr std::string_view kExpected = "expected a JPEG, PNG or WebP picture";

[[noreturn]] void refuse(const std::string& path, std::string_view reason) {
  throw InputError(fmt::format("{}: {}", path, reason));
}

Bytes read_file(const std::string& path) {
  constexpr uint64_t kLargest = uint64_t{1} << 29;
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (status.type() == std::filesystem::file_type::not_found) refuse(path, "no such picture");
  if (std::filesystem::is_directory(status)) refuse(path, "is a folder; expected a picture");
  InputFile file(path);
  if (file.size() == 0) refuse(path, fmt::format("is empty; {}", kExpected));
  if (file.size() > kLargest)
    refuse(path, fmt::format("has {} bytes; expected at most {}", file.size(), kLargest));
  Bytes data(file.size());
  file.read(data.data(), data.size(), "the picture");
  return data;
}

/// The largest picture that is decoded, in pixels: a camera's of 45 million is smaller.
constexpr int64_t kMostPixels = 50'000'000;

/// Refuses a size that would take memory out of proportion: decoders allocate what a file claims.
void require_size(const std::string& path, const Bytes& data, PictureFormat format,
                  const PictureLayout& layout) {
  constexpr uint64_t kJpegPixelsPerByte = 1000, kPngBytesPerByte = 1100;  // at most half, 1032
  const int64_t pixels = int64_t{layout.width} * layout.height;
  if (pixels > kMostPixels)
    refuse(path, fmt::format("claims {} x {} pixels; expected at most {} million", layout.width,
                             layout.height, kMostPixels / 1'000'000));
  const bool too_small =
      (format == PictureFormat::jpeg &&
       static_cast<uint64_t>(pixels) > kJpegPixelsPerByte * data.size()) ||
      (format == PictureFormat::png && layout.unpacked_bytes > kPngBytesPerByte * data.size());
  if (too_small)
    refuse(path, fmt::format("damaged picture ({} bytes cannot hold {} x {} pixels)", data.size(),
                             layout.width, layout.height));
}

/// Whether the pixels of a PNG are all there and have their checksum, which the decoder ignores.
bool has_whole_pixels(const PictureLayout& layout) {
  constexpr size_t kSpare = size_t{64} << 10;  // some programs write more than the pixels
  constexpr uint32_t kPrime = 65521;
  constexpr int kUnreduced = 5552;  // as many bytes cannot make the sums overflow
  Bytes packed, raw(layout.unpacked_bytes + kSpare);
  for (const auto piece : layout.packed) packed.insert(packed.end(), piece.begin(), piece.end());
  const int count = stbi_zlib_decode_buffer(
      reinterpret_cast<char*>(raw.data()), static_cast<int>(raw.size()),
      reinterpret_cast<const char*>(packed.data()), static_cast<int>(packed.size()));
  if (count < 0 || static_cast<uint64_t>(count) < layout.unpacked_bytes || packed.size() < 4)
    return false;
  uint32_t a = 1, b = 0, stored = 0;  // Adler-32
  for (int start = 0; start < count; start += kUnreduced) {
    for (int i = start; i < std::min(count, start + kUnreduced); ++i) b += a += raw[i];
    a %= kPrime;
    b %= kPrime;
  }
  for (size_t i = packed.size() - 4; i < packed.size(); ++i) stored = stored << 8 | packed[i];
  return stored == (b << 16 | a);
}

/// Refuses what cannot be decoded, or would be decoded in part: the decoder fills up what is
/// missing at the end of some files.
void require_decodable(const std::string& path, const Bytes& data, PictureFormat format,
                       const PictureLayout& layout) {
  switch (format) {
    case PictureFormat::jpeg:
      if (!layout.complete) refuse(path, "JPEG picture is cut short: it has no end marker");
      if (layout.bad_huffman_table) refuse(path, "damaged picture (bad Huffman table)");
      if (!layout.jpeg_kind.empty())
        refuse(path, fmt::format("is a JPEG picture of a kind that is not read ({}); expected a "
                                 "baseline or progressive one of 8 bits",
                                 layout.jpeg_kind));
      break;
    case PictureFormat::png:
      if (!layout.complete) refuse(path, "PNG picture is cut short: it has no IEND chunk");
      if (layout.bad_checksum) refuse(path, "damaged picture (the checksum of a chunk)");
      break;
    case PictureFormat::webp:
      if (!have_webp())
        refuse(path,
               "is a WebP picture, which needs a program built with libwebp; expected a JPEG "
               "or PNG picture");
      if (!layout.complete) refuse(path, "WebP picture is cut short");
      if (layout.animated) refuse(path, "is an animated WebP picture; expected a still one");
      break;
    case PictureFormat::other: {
      if (const std::string_view mistake = mistaken_for_file(
              {reinterpret_cast<const char*>(data.data()), std::min<size_t>(data.size(), 512)});
          !mistake.empty())
        refuse(path, mistake);
      const std::string_view name = describe_other_format(data);
      refuse(path, name.empty() ? "is not a JPEG, PNG or WebP picture"
                                : fmt::format("is {}; {}", name, kExpected));
    }
  }
}

/// RGBA over black.
HostImage opaque(int width, int height, const uint8_t* rgba) {
  HostImage image{width, height, Bytes(size_t{3} * width * height)};
  for (size_t i = 0; i < image.rgb.size(); ++i) {
    const uint8_t* pixel = rgba + i / 3 * 4;
    image.rgb[i] = static_cast<uint8_t>((pixel[i % 3] * pixel[3] + 127) / 255);
  }
  return image;
}

HostImage decode_with_stb(const std::string& path, const Bytes& data, int channels) {
  int width = 0, height = 0, channels_in_file = 0;
  const std::unique_ptr<stbi_uc, decltype(&stbi_image_free)> pixels(
      stbi_load_from_memory(data.data(), static_cast<int>(data.size()), &width, &height,
                            &channels_in_file, channels),
      stbi_image_free);
  if (!pixels) refuse(path, fmt::format("damaged picture ({})", stbi_failure_reason()));
  if (channels == 4) return opaque(width, height, pixels.get());
  return {width, height, Bytes(pixels.get(), pixels.get() + size_t{3} * width * height)};
}

/// Four channels without Adobe's marker are CMYK as Adobe writes it, which the decoder takes from
/// the marker alone.
Bytes with_adobe_marker(const Bytes& jpeg) {
  constexpr std::string_view kMarker(
      "\xFF\xEE\0\x0E"
      "Adobe\0\x64\0\0\0\0\0",
      16);
  Bytes marked = jpeg;
  marked.insert(marked.begin() + 2, kMarker.begin(), kMarker.end());
  return marked;
}

HostImage decode_as_stored(const std::string& path, const Bytes& data, PictureFormat format,
                           const PictureLayout& layout) {
  if (format == PictureFormat::webp) {
    const std::optional<RgbaImage> image = decode_webp(data);
    if (!image) refuse(path, "damaged WebP picture");
    return opaque(image->width, image->height, image->rgba.data());
  }
  if (format == PictureFormat::png) return decode_with_stb(path, data, 4);
  return decode_with_stb(path, layout.plain_cmyk ? with_adobe_marker(data) : data, 3);
}

/// The picture as EXIF's orientation turns it: 2 mirrors, 3 turns by half, 4 does both, and 5 to 8
/// exchange rows and columns first.
HostImage upright(HostImage stored, int orientation) {
  if (orientation == 1) return stored;
  const bool transposed = orientation >= 5;
  const bool from_right =
      orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
  const bool from_bottom =
      orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
  HostImage turned{stored.width, stored.height, Bytes(stored.rgb.size())};
  if (transposed) std::swap(turned.width, turned.height);
  uint8_t* to = turned.rgb.data();
  for (int y = 0; y < turned.height; ++y) {
    for (int x = 0; x < turned.width; ++x) {
      const int column = transposed ? y : x, row = transposed ? x : y;
      const int from_x = from_right ? stored.width - 1 - column : column;
      const int from_y = from_bottom ? stored.height - 1 - row : row;
      to = std::copy_n(&stored.rgb[(size_t{3} * from_y * stored.width) + 3 * from_x], 3, to);
    }
  }
  return turned;
}

void write_file(const std::string& path, const Bytes& data) {
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(data.data()), static_cast<std::streamsize>(data.size()));
  file.close();
  if (!file) throw Error(fmt::format("{}: cannot be written: {}", path, std::strerror(errno)));
}

void append(void* bytes, void* data, int size) {
  const auto* begin = static_cast<const uint8_t*>(data);
  static_cast<Bytes*>(bytes)->insert(static_cast<Bytes*>(bytes)->end(), begin, begin + size);
}

void require_image(const HostImage& image) {
  LANET_REQUIRE(image.width > 0 && image.height > 0 &&
                    image.rgb.size() == size_t{3} * image.width * image.height,
                "{} bytes for {} x {} pixels", image.rgb.size(), image.width, image.height);
}

}  // namespace

HostImage decode_image(const std::string& path) {
  const Bytes data = read_file(path);
  const PictureFormat format = picture_format(data);
  const PictureLayout layout = read_layout(data, format);
  require_decodable(path, data, format, layout);
  require_size(path, data, format, layout);
  if (format == PictureFormat::png && !has_whole_pixels(layout))
    refuse(path, "damaged picture (its compressed pixels)");
  return upright(decode_as_stored(path, data, format, layout), layout.orientation);
}

HostImage resize_image(const HostImage& image, int width, int height) {
  require_image(image);
  LANET_REQUIRE(width > 0 && height > 0, "{} x {} pixels", width, height);
  HostImage resized{width, height, Bytes(size_t{3} * width * height)};
  Bytes scratch(resize_scratch_bytes(image.width, image.height, width, height));
  resize_bicubic(
      {.x = {const_cast<uint8_t*>(image.rgb.data()), {image.height, image.width, 3}, DType::u8},
       .box = {0, 0, image.width, image.height},
       .y = {resized.rgb.data(), {height, width, 3}, DType::u8}},
      scratch.data());
  return resized;
}

void write_png(const std::string& path, const HostImage& image) {
  require_image(image);
  Bytes data;
  const int ok = stbi_write_png_to_func(append, &data, image.width, image.height, 3,
                                        image.rgb.data(), 3 * image.width);
  if (!ok) throw Error(fmt::format("{}: cannot be encoded as PNG", path));
  write_file(path, data);
}

Bytes thumbnail(const HostImage& image, int side) {
  constexpr int kQuality = 85;
  const int longer = std::max(image.width, image.height);
  if (longer <= side) return encode_jpeg(image, kQuality);
  const auto scaled = [&](int pixels) {
    return std::max(1, static_cast<int>(std::lround(static_cast<double>(pixels) * side / longer)));
  };
  return encode_jpeg(resize_image(image, scaled(image.width), scaled(image.height)), kQuality);
}

Bytes encode_jpeg(const HostImage& image, int quality) {
  require_image(image);
  LANET_REQUIRE(quality >= 1 && quality <= 100, "JPEG quality {}", quality);
  Bytes data;
  const int ok = stbi_write_jpg_to_func(append, &data, image.width, image.height, 3,
                                        image.rgb.data(), quality);
  if (!ok) throw Error("a picture cannot be encoded as JPEG");
  return data;
}

void write_jpeg(const std::string& path, const HostImage& image, int quality) {
  write_file(path, encode_jpeg(image, quality));
}

}  // namespace lanet
