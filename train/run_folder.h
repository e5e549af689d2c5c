// The folder of one training run:
//   config.json         the resolved configuration
//   environment.json    program, libraries, device, processor, commit
//   metrics.jsonl       one line per epoch (train/epoch_record.h)
//   data.json           digests of the data it was started with (train/data_digest.h)
//   last.safetensors    what --resume continues from
//   last.previous.safetensors  the one before it
//   best.safetensors    the weights of the best epoch
//   summary.json        best, last and mean of the last five
//   lock                held by the process that writes the run (train/run_lock.h)
// and what `train` puts beside them: classes.json, noise.csv, channel.csv, labels.csv, report.html
// (train/report/), what TensorBoard shows (train/tensorboard/) and, on CUDA, plans.json
// (core/plan_table.h).
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "train/config/config.h"
#include "train/metrics.h"
#include "train/run_lock.h"

namespace lanet {

class RunFolder {
 public:
  static constexpr const char* kConfig = "config.json";
  static constexpr const char* kEnvironment = "environment.json";
  static constexpr const char* kMetrics = "metrics.jsonl";
  static constexpr const char* kSummary = "summary.json";
  static constexpr const char* kLast = "last.safetensors";
  static constexpr const char* kPrevious = "last.previous.safetensors";
  static constexpr const char* kData = "data.json";
  static constexpr const char* kBest = "best.safetensors";
  static constexpr const char* kLabels = "labels.csv";
  static constexpr const char* kNoise = "noise.csv";
  static constexpr const char* kReport = "report.html";

  /// Whether nothing is there, or a folder without a run.
  static bool is_free(const std::filesystem::path& path);
  /// Throws InputError unless `path` is free.
  static void require_free(const std::filesystem::path& path);
  /// Throws InputError unless files can be written to `path`, or to where it would be created.
  static void require_writable(const std::filesystem::path& path);
  /// Throws Error unless there is room at `path` for a run whose last.safetensors and
  /// best.safetensors have these sizes, beside those that are there already.
  static void require_room(const std::filesystem::path& path, uint64_t last_bytes,
                           uint64_t best_bytes);
  /// Creates the folder with config.json and environment.json, and locks it. Throws InputError as
  /// require_free(), and if another process has locked it.
  static RunFolder create(const std::filesystem::path& path, const Config& config,
                          const nlohmann::ordered_json& environment);
  /// Opens an existing run for reading. Throws InputError if there is none.
  static RunFolder open(const std::filesystem::path& path);
  /// Opens an existing run to continue it, and locks it. Throws InputError if there is none or
  /// another process has locked it.
  static RunFolder resume(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path file(const std::string& name) const { return path_ / name; }
  /// The configuration it was started with.
  Config config() const;

  /// The lines of the epochs 1 … `epochs`, each an object with its number as "epoch". `digests`:
  /// metrics_digest() of each line when it was written, or empty to skip that check. InputError,
  /// with file and line, if a line is missing, damaged, out of order or not the one that was
  /// written. Further lines are not read.
  std::vector<nlohmann::ordered_json> metrics(int epochs,
                                              std::span<const std::string> digests) const;

  // These write, and need a locked folder.

  /// What the folder of a run without a finished step begins with.
  void begin_again(const Config& config, const nlohmann::ordered_json& environment);
  /// The configuration that the run continues with.
  void write_config(const Config& config);
  /// Appends one line, {"epoch": n, …}, epochs from 1; on the disk when it returns.
  void append_metrics(const nlohmann::ordered_json& line);
  /// Drops what follows the first `epochs` lines.
  void truncate_metrics(int epochs);
  void write_summary(const Summary& summary);

 private:
  RunFolder(std::filesystem::path path, std::optional<RunLock> lock)
      : path_(std::move(path)), lock_(std::move(lock)) {}
  void require_lock() const;

  std::filesystem::path path_;
  std::optional<RunLock> lock_;
};

/// The checkpoint that `target` stands for: of a run folder its last one, or its best; of a file
/// the file itself. InputError if the folder has none, or for the best of a file.
std::string checkpoint_file(const std::string& target, bool best);

/// Equal for lines of metrics that differ only in the time taken.
std::string metrics_digest(const nlohmann::ordered_json& line);

/// runs/<stem>-<n> in the working directory, n the first number from 1 that is free.
std::filesystem::path default_run_path(const std::filesystem::path& config_file);

}  // namespace lanet
