// The folder of one training run:
//   config.json       the resolved configuration
//   environment.json  program, libraries, device, processor, commit
//   metrics.jsonl     a line per epoch
//   summary.json      best, last and mean of the last five, rewritten after each epoch
// and what the trainer puts beside them: checkpoints, noise.csv, labels.csv, and, on CUDA,
// plans.json (core/plan_table.h).
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "train/config.h"
#include "train/metrics.h"

namespace lanet {

class RunFolder {
 public:
  /// Makes the folder with config.json and environment.json. Throws InputError if `path` exists and
  /// is not an empty folder.
  static RunFolder create(const std::filesystem::path& path, const Config& config,
                          const nlohmann::ordered_json& environment);
  /// Opens an existing run. Throws InputError if it is none.
  static RunFolder open(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path file(const std::string& name) const { return path_ / name; }
  /// The configuration it was started with.
  Config config() const;

  /// Appends one line, {"epoch": n, …}, epochs from 1; on disk when it returns.
  void append_metrics(const nlohmann::ordered_json& line);
  /// The lines so far.
  std::vector<nlohmann::ordered_json> metrics() const;
  /// Drops the lines of epochs after `epoch`: a run goes on from a checkpoint older than its last
  /// line, or a line was cut short.
  void truncate_metrics(int epoch);
  void write_summary(const Summary& summary) const;

 private:
  explicit RunFolder(std::filesystem::path path) : path_(std::move(path)) {}
  std::filesystem::path path_;
};

/// runs/<stem>-<n> in the working directory, n the first number from 1 that is free.
std::filesystem::path default_run_path(const std::filesystem::path& config_file);

}  // namespace lanet
