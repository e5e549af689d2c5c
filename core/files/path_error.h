// What std::filesystem throws of a path that a user gave: too long, a loop of links, not allowed;
// or of a disk that fails.
#pragma once

#include <filesystem>
#include <string>

namespace lanet {

/// "PATH: reason".
inline std::string path_error(const std::filesystem::filesystem_error& error) {
  return error.path1().string() + ": " + error.code().message();
}

/// Whether the path was good and the disk failed: full, read-only, an input or output error.
inline bool is_failed_disk(const std::filesystem::filesystem_error& error) {
  const std::error_code code = error.code();
  return code == std::errc::no_space_on_device || code == std::errc::io_error ||
         code == std::errc::read_only_file_system;
}

}  // namespace lanet
