// The record that rank 0 keeps of a run: metrics, checkpoints, label estimates and summary.
#pragma once

#include <string>
#include <vector>

#include "train/epoch_record.h"
#include "train/run_folder.h"

namespace lanet {

/// A run goes on only as what it was started: device and threads may differ, nothing else. Throws
/// InputError with the first field that differs; `path`: where `then` stands.
void require_same_run(const Config& now, const Config& then, const std::string& path);

/// An epoch is done once last.safetensors has it. Before that its line of metrics.jsonl is on the
/// disk; best.safetensors, labels.csv and summary.json come after, and whoever goes on with a run
/// that ended between makes them again.
class RunRecord {
 public:
  /// Of a run that begins.
  explicit RunRecord(RunFolder folder) : folder_(std::move(folder)) {}
  /// Of a run that goes on as `config` from its last.safetensors, `last`. InputError if the two,
  /// the metrics and best.safetensors are not of one run; nothing is written.
  RunRecord(RunFolder folder, const Config& config, const NamedArrays& last);

  const RunFolder& folder() const { return folder_; }

  /// After the trainer took up `last`: drops the metrics of epochs beyond it, and brings what
  /// comes after it up to it.
  void restore(Trainer& trainer);
  /// Writes an epoch that is done.
  void add(const EpochRecord& record, Trainer& trainer);

  /// Of the epochs so far; at least one.
  Summary summary() const { return summarize(scores_); }

 private:
  void write_results(Trainer& trainer);

  RunFolder folder_;
  std::vector<EpochScores> scores_;   // of each epoch so far
  std::vector<std::string> digests_;  // of each epoch's line
};

}  // namespace lanet
