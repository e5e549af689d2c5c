// Tables of separated values (RFC 4180), as data sets and runs hold them.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace lanet {

struct CsvTable {
  std::string file;  ///< for messages
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;  ///< each as wide as the header
  std::vector<int> lines;                      ///< where each row begins in the file, from 1

  /// The place of a column of exactly this name, else of one that differs in case alone (OpenFace
  /// has both x_0 and X_0), or -1. InputError if a second column has the same name as that one.
  int find_column(std::string_view name) const;
  /// The place of a column; InputError, with the nearest name, if there is none.
  int column(const std::string& name) const;
  /// `file:line` of a row, for messages.
  std::string place(size_t row) const;
};

/// Reads a table: a header, then rows of as many fields. The delimiter is the
/// comma, semicolon or tab that the header has first (a comma if it has none). A field may be
/// quoted; it then keeps delimiters, line breaks, spaces and, doubled, quotes. Empty lines at the
/// end, spaces around fields that are not quoted, carriage returns and a byte-order mark are
/// ignored. InputError names file and line.
CsvTable read_csv(const std::filesystem::path& path);

/// The header of a table, whose rows are not read. InputError as above.
CsvTable read_csv_header(const std::filesystem::path& path);

/// A field as a comma-separated table holds it: quoted if it has to be.
std::string csv_field(const std::string& text);

}  // namespace lanet
