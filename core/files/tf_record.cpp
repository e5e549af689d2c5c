#include "core/files/tf_record.h"

#include <array>
#include <bit>

namespace lanet {

namespace {

/// What each value of a byte does to the checksum.
constexpr std::array<uint32_t, 256> kTable = [] {
  constexpr uint32_t kPolynomial = 0x82F63B78;  // bits reversed
  std::array<uint32_t, 256> table{};
  for (uint32_t byte = 0; byte < table.size(); ++byte) {
    table[byte] = byte;
    for (int bit = 0; bit < 8; ++bit)
      table[byte] = table[byte] >> 1 ^ (table[byte] & 1 ? kPolynomial : 0);
  }
  return table;
}();

template <typename T>
void append(std::string& record, T value) {
  static_assert(std::endian::native == std::endian::little);
  record.append(reinterpret_cast<const char*>(&value), sizeof value);
}

/// The format masks its checksums, since a checksum of what contains checksums detects little.
uint32_t masked_checksum(std::string_view bytes) {
  constexpr uint32_t kMask = 0xA282EAD8;
  return std::rotr(crc32c(bytes), 15) + kMask;
}

}  // namespace

uint32_t crc32c(std::string_view bytes) {
  uint32_t crc = ~uint32_t{0};
  for (const char byte : bytes) crc = crc >> 8 ^ kTable[(crc ^ static_cast<uint8_t>(byte)) & 0xFF];
  return ~crc;
}

std::string tf_record(std::string_view data) {
  std::string record;
  append(record, uint64_t{data.size()});
  append(record, masked_checksum(record));
  record.append(data);
  append(record, masked_checksum(data));
  return record;
}

}  // namespace lanet
