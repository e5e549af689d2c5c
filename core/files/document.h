// Text files that people and other programs write: lists, tables, configurations.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

namespace lanet {

inline constexpr size_t kLargestDocument = size_t{2} << 30;  // bytes

/// The content of a text file, without a byte-order mark. InputError if it does not exist, cannot
/// be read, has more than `largest` bytes or is not text in UTF-8 or another superset of ASCII:
/// mistaken_for_file(), an archive, binary data.
std::string read_document(const std::filesystem::path& path, size_t largest = kLargestDocument);

/// What a file begins with where another one was expected: "is a web page; expected …" for what a
/// server sends instead of the file, likewise for a pointer of Git LFS. Empty for anything else.
std::string_view mistaken_for_file(std::string_view content);

}  // namespace lanet
