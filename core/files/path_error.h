// What std::filesystem throws of a path that a user gave: too long, a loop of links, not allowed.
#pragma once

#include <filesystem>
#include <string>

namespace lanet {

/// "PATH: reason".
inline std::string path_error(const std::filesystem::filesystem_error& error) {
  return error.path1().string() + ": " + error.code().message();
}

}  // namespace lanet
