// The parsers of files, as a fuzzer calls them.
#pragma once

#include <filesystem>
#include <span>
#include <string_view>

namespace lanet::fuzz {

struct Parser {
  std::string_view name;  ///< that of its folder in tests/fuzz/seeds
  const char* file_name;  ///< what its file is called, for readers that go by the extension
  /// Reads the file as the program would. Throws only where the parser is at fault: anything but
  /// InputError and std::filesystem::filesystem_error.
  void (*parse)(const std::filesystem::path& file);
};

std::span<const Parser> parsers();

}  // namespace lanet::fuzz
