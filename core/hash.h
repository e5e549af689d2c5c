// FNV-1a, the 64-bit hash that keys random streams and the golden files' inputs by name.
#pragma once

#include <cstdint>
#include <string_view>

namespace lanet {

constexpr uint64_t fnv1a(std::string_view text) {
  uint64_t hash = 0xCBF29CE484222325u;
  for (const char c : text) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001B3u;
  return hash;
}

}  // namespace lanet
