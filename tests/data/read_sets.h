// What tests of the readers share.
#pragma once

#include <doctest/doctest.h>

#include "data/readers.h"
#include "tests/input_error.h"
#include "tests/temporary_folder.h"

namespace lanet::test {

using Names = std::vector<std::string>;

/// Empty files: only their names matter here.
inline void write_pictures(const TemporaryFolder& folder, const Names& names) {
  for (const std::string& name : names) folder.write(name, "");
}

/// "name:class" of each face.
inline Names named_labels(const FaceList& list) {
  Names text;
  for (size_t i = 0; i < list.size(); ++i)
    text.push_back(list.names[i] + ":" + list.classes[static_cast<size_t>(list.labels[i])]);
  return text;
}

inline std::string recognised(const DataSource& source) {
  constexpr const char* kFormats[] = {"auto", "rafdb", "folder", "csv", "ferplus", "affectnet"};
  const auto [format, reason] = recognise_format(source);
  return fmt::format("{}: {}", kFormats[static_cast<size_t>(format)], reason);
}

inline void check_refused(const DataSource& source, DataFormat format, const std::string& what) {
  const std::string message = input_error([&] { read_split(source, format, Split::train); });
  CAPTURE(message);
  CAPTURE(what);
  CHECK(is_line_with(message, what));
}

}  // namespace lanet::test
