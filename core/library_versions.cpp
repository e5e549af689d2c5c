#include "core/library_versions.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

namespace lanet {

namespace {

/// "13.0.2" as {13, 0}.
using MajorMinor = std::array<int, 2>;
MajorMinor major_minor(const std::string& text) {
  MajorMinor version{};
  std::istringstream in(text);
  std::string part;
  for (int& number : version)
    if (std::getline(in, part, '.')) number = std::stoi(part);
  return version;
}

}  // namespace

std::string oldest_version(const std::string& library) {
  for (const OldestVersion& oldest : kOldestVersions)
    if (oldest.library == library) return oldest.version;
  return "";
}

std::string version_of_number(size_t number) {
  const size_t major = number < 10000 ? 1000 : 10000;
  return fmt::format("{}.{}.{}", number / major, number % major / 100, number % 100);
}

std::string version_problem(const LibraryVersion& library) {
  const MajorMinor compiled = major_minor(library.compiled), loaded = major_minor(library.loaded);
  const MajorMinor needed = std::max(compiled, major_minor(oldest_version(library.name)));
  if (loaded[0] == compiled[0] && loaded >= needed) return "";
  return fmt::format(
      "{}: loaded {}, compiled with {}; expected {}.{} or a newer {}. Put the folder of "
      "such a version first in LD_LIBRARY_PATH.",
      library.name, library.loaded, library.compiled, needed[0], needed[1], needed[0]);
}

}  // namespace lanet
