// NumPy's `.npy` files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "core/files/host_array.h"

namespace lanet {

/// Format versions 1, 2 and 3; little-endian f4, f8, i4, i8 and u1, in C order. Anything else is an
/// InputError that says what was found and how to convert it.
HostArray read_npy(const std::filesystem::path& path);
/// The same of a file's content; `file` names it in messages.
HostArray parse_npy(const std::string& file, std::string_view content);

/// Writes a matrix [rows, columns] as f4, in format version 1. Error if it cannot be written.
void write_npy(const std::filesystem::path& path, std::span<const float> values, int64_t columns);

}  // namespace lanet
