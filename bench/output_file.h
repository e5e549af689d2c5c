// A file that a benchmark writes beside what it prints.
#pragma once

#include <fmt/format.h>

#include <memory>
#include <string>

#include "core/error.h"
#include "core/files/file.h"

namespace lanet::bench {

/// What the option names, opened before anything is timed; null if it names nothing. InputError,
/// with the option, if it cannot be written.
inline std::unique_ptr<AtomicFile> open_output(const std::string& option, const std::string& path) {
  if (path.empty()) return nullptr;
  try {
    return std::make_unique<AtomicFile>(path);
  } catch (const Error& error) {
    throw InputError(fmt::format("{}: {}", option, error.what()));
  }
}

}  // namespace lanet::bench
