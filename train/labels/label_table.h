// labels.csv of a run: the given label and the estimated distribution of each training face.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
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
  /// InputError if it is not the table of these faces [N].
  void require(std::span<const std::string> names, std::span<const int32_t> given,
               std::span<const std::string> classes) const;
};

/// The text of such a table. estimates: [N, C].
std::string label_table_csv(std::span<const std::string> names, std::span<const int32_t> given,
                            std::span<const std::string> classes,
                            std::span<const double> estimates);

/// InputError, with file and line, if it is not such a table.
LabelTable read_label_table(const std::filesystem::path& path);

}  // namespace lanet
