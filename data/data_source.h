// Where a data set is and how it is to be read.
#pragma once

#include <filesystem>
#include <string>

namespace lanet {

/// `data.labels` where the configuration does not say otherwise, relative to `data.root`.
constexpr const char* kDefaultLabelList = "basic/EmoLabel/list_patition_label.txt";

/// Fields of the section `data` of a configuration.
struct DataSource {
  std::filesystem::path root;
  std::string labels = kDefaultLabelList;  ///< relative to root
  /// Names of the classes, separated by commas, or how many there are; empty: those of the data.
  std::string classes;
  /// Share of each class that becomes the test split of a data set without splits.
  double validation = 0;
  /// Whether a face whose picture does not exist is refused, or kept for a report to name.
  bool require_pictures = true;
};

}  // namespace lanet
