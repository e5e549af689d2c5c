// Pictures in files: reading JPEG, PNG and WebP, writing JPEG and PNG.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace lanet {

/// An 8-bit RGB picture, rows from top to bottom.
struct HostImage {
  int width = 0;
  int height = 0;
  std::vector<uint8_t> rgb;  // [height, width, 3]
};

/// Raised with every change of decode_image() or resize_image() that changes pixels, so that packed
/// files of older programs are not used.
inline constexpr int kPictureDecoder = 1;

/// Reads a JPEG, PNG or (where the program is built with libwebp) WebP file, whatever its name ends
/// in. The result is the picture as a viewer shows it: turned as its EXIF orientation says, over
/// black where it is transparent. Grey, palettes and CMYK become RGB, 16 bits the higher 8; colour
/// profiles are not applied. InputError, naming the file and the reason, if it is missing,
/// unreadable, of another format, damaged or cut short.
HostImage decode_image(const std::string& path);

/// Pillow's bicubic (kernels/resize.h), to width x height pixels whatever the sides were.
HostImage resize_image(const HostImage& image, int width, int height);
inline HostImage resize_image(const HostImage& image, int size) {
  return resize_image(image, size, size);
}

/// The bytes of a JPEG file. quality: 1..100.
std::vector<uint8_t> encode_jpeg(const HostImage& image, int quality);
/// The bytes of a small JPEG file for a page: `side` pixels at most on either side, and never more
/// than the picture has.
std::vector<uint8_t> thumbnail(const HostImage& image, int side);

/// Throws Error if the file cannot be written.
void write_png(const std::string& path, const HostImage& image);
void write_jpeg(const std::string& path, const HostImage& image, int quality);

}  // namespace lanet
