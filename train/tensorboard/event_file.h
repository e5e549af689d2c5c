// What TensorBoard shows of a run: a file of events in its folder
// (https://github.com/tensorflow/tensorboard, event.proto and summary.proto).
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace lanet {

/// The numbers of a line of metrics.jsonl (train/epoch_record.h) under TensorBoard's names, such as
/// "train/loss", "test/accuracy", "test/recall/Happiness" and "labels/memorised". What is null is
/// left out.
std::vector<std::pair<std::string, double>> scalars_of(const nlohmann::ordered_json& line,
                                                       const std::vector<std::string>& classes);

/// The confusion matrix of a line as a table in Markdown.
std::string confusion_markdown(const nlohmann::ordered_json& line,
                               const std::vector<std::string>& classes);

class EventFile {
 public:
  /// Begins a new file in the folder of a run with `lines`, those of its finished epochs. Readers
  /// are told to forget what earlier files say: these may have epochs that were not finished, and
  /// lack those of a time without events. Throws Error.
  EventFile(const std::filesystem::path& folder, std::vector<std::string> classes,
            std::span<const nlohmann::ordered_json> lines);
  /// Adds a finished epoch: its scalars, and the confusion matrix as text. On the disk on return.
  void add(const nlohmann::ordered_json& line);

 private:
  std::filesystem::path path_;
  std::vector<std::string> classes_;
};

}  // namespace lanet
