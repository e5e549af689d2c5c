#include "data/image.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string_view>

#include "core/error.h"
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

constexpr std::string_view kJpegStart = "\xFF\xD8\xFF";
constexpr std::string_view kPngStart = "\x89PNG\r\n\x1A\n";

bool starts_with(const Bytes& data, std::string_view start) {
  return data.size() >= start.size() && std::memcmp(data.data(), start.data(), start.size()) == 0;
}

[[noreturn]] void refuse(const std::string& path, std::string_view reason) {
  throw InputError(fmt::format("{}: {}", path, reason));
}

Bytes read_file(const std::string& path) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (!std::filesystem::exists(status)) refuse(path, "no such picture");
  if (std::filesystem::is_directory(status)) refuse(path, "is a folder; expected a picture");
  std::ifstream file(path, std::ios::binary);
  if (!file) refuse(path, std::strerror(errno));
  Bytes data((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (file.bad()) refuse(path, "cannot be read");
  if (data.empty()) refuse(path, "is empty; expected a JPEG or PNG picture");
  return data;
}

/// Whether the file holds everything up to its end marker (EOI). Segments are skipped by their
/// length, because a preview inside one has an end marker of its own. What follows EOI is ignored.
bool jpeg_is_complete(const Bytes& data) {
  size_t at = 2;
  while (at + 1 < data.size()) {
    if (data[at] != 0xFF) {  // entropy-coded data
      ++at;
      continue;
    }
    const uint8_t marker = data[at + 1];
    if (marker == 0xD9) return true;
    if (marker == 0xFF) {  // fill byte
      ++at;
    } else if (marker == 0x00 || marker == 0x01 || (marker >= 0xD0 && marker <= 0xD8)) {
      at += 2;  // a stuffed 0xFF, or a marker without a segment
    } else {
      if (at + 3 >= data.size()) return false;
      at += 2 + (size_t{data[at + 2]} << 8 | data[at + 3]);
    }
  }
  return false;
}

/// Whether every chunk up to the last one (IEND) is there in full.
bool png_is_complete(const Bytes& data) {
  constexpr size_t kAround = 12;  // length, type and checksum of a chunk
  size_t at = kPngStart.size();
  while (at + kAround <= data.size()) {
    const size_t length = size_t{data[at]} << 24 | size_t{data[at + 1]} << 16 |
                          size_t{data[at + 2]} << 8 | data[at + 3];
    if (length > data.size() - at - kAround) return false;
    if (std::memcmp(&data[at + 4], "IEND", 4) == 0) return true;
    at += kAround + length;
  }
  return false;
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
  // The decoder fills up what is missing at the end of some files, so the end is looked at first.
  if (starts_with(data, kJpegStart)) {
    if (!jpeg_is_complete(data)) refuse(path, "JPEG picture is cut short: it has no end marker");
  } else if (starts_with(data, kPngStart)) {
    if (!png_is_complete(data)) refuse(path, "PNG picture is cut short: it has no IEND chunk");
  } else {
    refuse(path, "is not a JPEG or PNG picture");
  }
  HostImage image;
  int channels_in_file = 0;
  const std::unique_ptr<stbi_uc, decltype(&stbi_image_free)> pixels(
      stbi_load_from_memory(data.data(), static_cast<int>(data.size()), &image.width, &image.height,
                            &channels_in_file, 3),
      stbi_image_free);
  if (!pixels) refuse(path, fmt::format("damaged picture ({})", stbi_failure_reason()));
  image.rgb.assign(pixels.get(), pixels.get() + size_t{3} * image.width * image.height);
  return image;
}

HostImage resize_image(const HostImage& image, int size) {
  require_image(image);
  LANET_REQUIRE(size > 0, "size is {}", size);
  HostImage resized{size, size, Bytes(size_t{3} * size * size)};
  Bytes scratch(resize_scratch_bytes(image.width, image.height, size, size));
  resize_bicubic(
      {.x = {const_cast<uint8_t*>(image.rgb.data()), {image.height, image.width, 3}, DType::u8},
       .box = {0, 0, image.width, image.height},
       .y = {resized.rgb.data(), {size, size, 3}, DType::u8}},
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

void write_jpeg(const std::string& path, const HostImage& image, int quality) {
  require_image(image);
  LANET_REQUIRE(quality >= 1 && quality <= 100, "JPEG quality {}", quality);
  Bytes data;
  const int ok = stbi_write_jpg_to_func(append, &data, image.width, image.height, 3,
                                        image.rgb.data(), quality);
  if (!ok) throw Error(fmt::format("{}: cannot be encoded as JPEG", path));
  write_file(path, data);
}

}  // namespace lanet
