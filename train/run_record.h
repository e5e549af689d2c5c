// The record that rank 0 keeps of a run: metrics, checkpoints, label estimates and summary.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "train/epoch_record.h"
#include "train/run_folder.h"
#include "train/tensorboard/event_file.h"

namespace lanet {

/// A run can only continue with the configuration it was started with, except for what changes
/// no bit of it, such as device and threads. Throws InputError with the first field that differs;
/// `path` is the file with `then`.
void require_same_run(const Config& now, const Config& then, const std::string& path);
/// The same, but train.epochs may have become larger and, where the run knows its data by their
/// content (`knows_data`), their place and that of the file of model.pretrained may have changed.
void require_resumable(const Config& now, const Config& then, const std::string& path,
                       bool knows_data);

/// An epoch is finished once last.safetensors has it. Its line of metrics.jsonl and its events are
/// written before; best.safetensors, labels.csv and summary.json are written after, and are written
/// again when a run that was ended in between continues. The last.safetensors that a new one
/// replaces is kept as last.previous.safetensors.
class RunRecord {
 public:
  /// Of a new run.
  explicit RunRecord(RunFolder folder) : folder_(std::move(folder)) {}
  /// Of a run that continues with `config` from `checkpoint`, that of the file `path`, which may be
  /// the one before the last. InputError unless these, the metrics and best.safetensors, which may
  /// be of an epoch that the run comes to again, belong to one run; nothing is written.
  RunRecord(RunFolder folder, const Config& config, const NamedArrays& checkpoint,
            const std::string& path);

  const RunFolder& folder() const { return folder_; }
  RunFolder& folder() { return folder_; }

  /// After the trainer has loaded `last`: drops the metrics of later epochs, and writes the other
  /// files as of that epoch.
  void restore(Trainer& trainer);
  /// Lets TensorBoard show the run: its epochs so far, and those that will be added.
  void begin_events(std::vector<std::string> classes);
  /// Writes a finished epoch.
  void add(const EpochRecord& record, Trainer& trainer);
  /// Writes last.safetensors inside an epoch.
  void save(Trainer& trainer);

  /// Of the epochs so far; at least one.
  Summary summary() const { return summarize(scores_); }

 private:
  void write_results(Trainer& trainer);

  RunFolder folder_;
  std::vector<EpochScores> scores_;   // of each epoch so far
  std::vector<std::string> digests_;  // of each epoch's line
  std::optional<EventFile> events_;
  bool last_is_good_ = true;  // else it must not take the place of the one before it
};

}  // namespace lanet
