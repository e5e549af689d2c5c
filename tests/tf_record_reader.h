// Reads the records of a TFRecord file, and checks their checksums bit by bit.
#pragma once

#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace lanet::test {

/// Throws where the file is damaged or cut off.
inline std::vector<std::string> read_tf_records(std::string_view file) {
  const auto take = [&](uint64_t size) {
    if (size > file.size()) throw std::runtime_error("cut off");
    const std::string_view bytes = file.substr(0, size);
    file.remove_prefix(size);
    return bytes;
  };
  const auto check = [&](std::string_view bytes) {
    uint32_t crc = 0xFFFFFFFF;
    for (const char byte : bytes) {
      crc ^= static_cast<uint8_t>(byte);
      for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) * 0x82F63B78u);
    }
    crc = ~crc;
    uint32_t masked = 0;
    std::memcpy(&masked, take(4).data(), 4);
    if (masked != ((crc >> 15) | (crc << 17)) + 0xA282EAD8u)
      throw std::runtime_error("a checksum is wrong");
  };
  std::vector<std::string> records;
  while (!file.empty()) {
    const std::string_view size = take(8);
    check(size);
    uint64_t count = 0;
    std::memcpy(&count, size.data(), 8);
    const std::string_view data = take(count);
    check(data);
    records.emplace_back(data);
  }
  return records;
}

}  // namespace lanet::test
