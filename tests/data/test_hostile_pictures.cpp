// Pictures that are damaged, or made to cost memory or to hang.
#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>

#include "core/files/file.h"
#include "data/image.h"
#include "data/webp.h"
#include "tests/input_error.h"
#include "tests/temporary_folder.h"

namespace lanet::test {
namespace {

/// A picture with a different colour at each place.
HostImage colourful(int side) {
  HostImage image{side, side, {}};
  for (int i = 0; i < side * side; ++i)
    for (const int factor : {3, 7, 11})
      image.rgb.push_back(static_cast<uint8_t>(i * factor + i / side));
  return image;
}

std::string png_of(const TemporaryFolder& folder, const HostImage& image) {
  const std::string path = (folder.path() / "whole.png").string();
  write_png(path, image);
  return read_text(path);
}

std::string big_endian(uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift);
  return bytes;
}

/// The checksum of a chunk, bit by bit.
uint32_t checksum(std::string_view content) {
  uint32_t sum = ~0u;
  for (const char c : content) {
    sum ^= static_cast<uint8_t>(c);
    for (int bit = 0; bit < 8; ++bit) sum = (sum >> 1) ^ (sum & 1 ? 0xEDB88320u : 0);
  }
  return ~sum;
}

std::string chunk(const std::string& type, const std::string& content) {
  return big_endian(static_cast<uint32_t>(content.size())) + type + content +
         big_endian(checksum(type + content));
}

/// A PNG of 8-bit grey that claims this size.
std::string png_that_claims(uint32_t width, uint32_t height, const std::string& packed) {
  return "\x89PNG\r\n\x1A\n" +
         chunk("IHDR", big_endian(width) + big_endian(height) + std::string("\x08\0\0\0\0", 5)) +
         chunk("IDAT", packed) + chunk("IEND", "");
}

/// What is wrong with a picture, without its path.
std::string reason(const TemporaryFolder& folder, const std::string& content) {
  const std::string path = folder.write("picture", content).string();
  const std::string message = input_error([&] { decode_image(path); });
  return message.starts_with(path + ": ") ? message.substr(path.size() + 2) : message;
}

int64_t peak_kilobytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

}  // namespace

TEST_CASE("hostile pictures: of a PNG no flipped bit goes unnoticed") {
  const TemporaryFolder folder;
  const std::string whole = png_of(folder, colourful(24));
  REQUIRE(reason(folder, whole).empty());
  constexpr size_t kFlips = 200;
  size_t refused = 0;
  for (size_t i = 0; i < kFlips; ++i) {
    const size_t bit = i * 8 * whole.size() / kFlips + i % 8;
    std::string damaged = whole;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
    refused += !reason(folder, damaged).empty();
  }
  CHECK(refused == kFlips);
}

TEST_CASE("hostile pictures: the checksum of the pixels of a PNG counts too") {
  const TemporaryFolder folder;
  const std::string whole = png_of(folder, colourful(24));
  const size_t start = whole.find("IDAT"), end = whole.find("IEND") - 8;
  std::string packed = whole.substr(start + 4, end - start - 4);
  const auto with = [&](const std::string& pixels) {
    return whole.substr(0, start - 4) + chunk("IDAT", pixels) + chunk("IEND", "");
  };
  CHECK(reason(folder, with(packed)).empty());
  // In two chunks they are the same pixels.
  CHECK(reason(folder, whole.substr(0, start - 4) + chunk("IDAT", packed.substr(0, 99)) +
                           chunk("IDAT", packed.substr(99)) + chunk("IEND", ""))
            .empty());
  CHECK(reason(folder, with(packed.substr(0, packed.size() / 2))) ==
        "damaged picture (its compressed pixels)");
  packed.back() = static_cast<char>(packed.back() ^ 1);
  CHECK(reason(folder, with(packed)) == "damaged picture (its compressed pixels)");
}

TEST_CASE("hostile pictures: what a small file claims is not allocated") {
  const TemporaryFolder folder;
  std::vector<uint8_t> jpeg = encode_jpeg(colourful(16), 90);
  const uint8_t frame[] = {0xFF, 0xC0};
  const auto size = std::search(jpeg.begin(), jpeg.end(), frame, frame + 2) + 5;
  const auto claim = [&](int width, int height) {
    size[0] = static_cast<uint8_t>(height >> 8);
    size[1] = static_cast<uint8_t>(height);
    size[2] = static_cast<uint8_t>(width >> 8);
    size[3] = static_cast<uint8_t>(width);
    return std::string(jpeg.begin(), jpeg.end());
  };
  const int64_t before = peak_kilobytes();
  CHECK(reason(folder, claim(65500, 10000)) ==
        "claims 65500 x 10000 pixels; expected at most 50 million");
  CHECK(reason(folder, claim(7000, 7000)).ends_with("bytes cannot hold 7000 x 7000 pixels)"));
  CHECK(reason(folder, png_that_claims(65500, 10000, "x")) ==
        "claims 65500 x 10000 pixels; expected at most 50 million");
  CHECK(reason(folder, png_that_claims(7000, 7000, std::string(99, 'x')))
            .ends_with("bytes cannot hold 7000 x 7000 pixels)"));
  std::string webp =
      "RIFF" + std::string("\x16\0\0\0", 4) + "WEBPVP8X" + std::string("\x0A\0\0\0", 4);
  webp += std::string(4, '\0') + "\xFF\xFF\xFF\xFF\xFF\xFF";
  CHECK(reason(folder, webp) ==
        (have_webp() ? "claims 16777216 x 16777216 pixels; expected at most 50 million"
                     : "is a WebP picture, which needs a program built with libwebp; expected a "
                       "JPEG or PNG picture"));
  // Stored blocks of zeros: a megabyte of pixels for a claim of one.
  std::string more = "\x78\x01";
  for (int i = 0; i < 20; ++i)
    more += std::string(i == 19 ? "\1" : "\0", 1) + "\xFF\xFF" + std::string(2, '\0') +
            std::string(65535, '\0');
  CHECK(reason(folder, png_that_claims(1, 1, more + "\0\0\0\1")) ==
        "damaged picture (its compressed pixels)");
  CHECK(peak_kilobytes() - before < 100'000);
}

TEST_CASE("hostile pictures: a pipe, a device and a loop of links are refused at once") {
  const TemporaryFolder folder;
  const auto refusal = [](const std::string& path) {
    return input_error([&] { decode_image(path); });
  };
  const std::string pipe = (folder.path() / "pipe.jpg").string(),
                    loop = (folder.path() / "loop.jpg").string();
  REQUIRE(mkfifo(pipe.c_str(), 0600) == 0);
  std::filesystem::create_symlink("loop.jpg", loop);
  CHECK(refusal(pipe) == pipe + ": is not a file");
  CHECK(refusal("/dev/zero") == "/dev/zero: is not a file");
  CHECK(is_line_with(refusal(loop), "Too many levels of symbolic links"));
}

}  // namespace lanet::test
