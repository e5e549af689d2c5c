// Tables of comma-separated fields without quotes, as data sets and runs hold them.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace lanet {

struct CsvTable {
  std::string file;  ///< for messages
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;  ///< each as wide as the header; row i is line i + 2

  /// The place of a column, or -1.
  int find_column(const std::string& name) const;
  /// The place of a column; InputError, with the nearest name, if there is none.
  int column(const std::string& name) const;
  /// `file:line` of a row, for messages.
  std::string place(size_t row) const;
};

/// Reads a table: a header, then rows of as many fields. Empty lines at the end, spaces around
/// fields, carriage returns and a byte-order mark are ignored. InputError names file and line.
CsvTable read_csv(const std::filesystem::path& path);

}  // namespace lanet
