// labels.csv of a run: the given label and the estimated distribution of each training face.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace lanet {

struct LabelTable {
  std::string file;                  ///< for messages
  std::vector<std::string> classes;  ///< [C]
  std::vector<std::string> names;    ///< [N], of the faces
  std::vector<int32_t> given;        ///< [N], classes
  std::vector<double> estimates;     ///< [N, C], probabilities
  std::vector<int> lines;            ///< [N], where each face is in the file, from 1

  /// `file:line` of a face, for messages.
  std::string place(size_t face) const;
};

/// InputError, with file and line, if it is not such a table.
LabelTable read_label_table(const std::filesystem::path& path);

}  // namespace lanet
