// Bytes as text (RFC 4648), as pages hold their pictures.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace lanet {

/// Base64 of these bytes, padded with '='.
std::string base64(std::span<const uint8_t> bytes);

}  // namespace lanet
