// Pictures in files: reading JPEG and PNG, writing both.
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

/// Reads a JPEG or PNG file; grey becomes RGB, an alpha channel is dropped. InputError, naming the
/// file and the reason, if it is missing, unreadable, neither format, damaged or cut short.
HostImage decode_image(const std::string& path);

/// Pillow's bicubic (kernels/resize.h), to size x size pixels whatever the sides were.
HostImage resize_image(const HostImage& image, int size);

/// Throws Error if the file cannot be written. quality: 1..100.
void write_png(const std::string& path, const HostImage& image);
void write_jpeg(const std::string& path, const HostImage& image, int quality);

}  // namespace lanet
