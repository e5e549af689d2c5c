// Where the runs of an experiment lie, what has become of each, and the record of finished ones
// that can be kept with the sources and taken to another machine.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "train/experiment/plan.h"

namespace lanet {

/// What has become of a run so far.
enum class RunState {
  none,        ///< nothing is there
  begun,       ///< it was ended before its first epoch was done
  unfinished,  ///< it has a checkpoint to continue from
  finished,
};

class ExperimentFolder {
 public:
  /// `runs`: for the run folders; `record`: for the record of finished runs, if one is kept.
  /// Neither has to be there yet.
  ExperimentFolder(std::filesystem::path runs, std::optional<std::filesystem::path> record)
      : runs_(std::move(runs)), record_(std::move(record)) {}

  /// For what is made of the finished runs: the record's folder, else that of the runs.
  const std::filesystem::path& results() const { return record_ ? *record_ : runs_; }

  // Beside each other below the runs' folder.
  std::filesystem::path run(const ExperimentPlan::Run& run) const { return runs_ / run.path; }
  std::filesystem::path config(const ExperimentPlan::Run& run) const {
    return beside(run, ".json");
  }
  std::filesystem::path log(const ExperimentPlan::Run& run) const { return beside(run, ".log"); }

  /// The state of a run. InputError if what is there is a run of another configuration, naming the
  /// first field that differs and both values. The device and the number of threads may differ; for
  /// a finished run, so may the folders of data.root and model.pretrained, which are different on
  /// another machine.
  RunState state(const ExperimentPlan::Run& run) const;

  /// The folder that has the figures of a run, its own or its record; none if it is not finished.
  /// InputError as state().
  std::optional<std::filesystem::path> finished(const ExperimentPlan::Run& run) const;

  /// The epochs that a run has in its metrics so far, at most those of its configuration.
  int64_t epochs_done(const ExperimentPlan::Run& run) const;

  /// Empties the folder of a run that has `begun`. InputError, and nothing is removed, if a process
  /// is writing it or it contains something that no run has made.
  void clear(const ExperimentPlan::Run& run) const;

  /// Copies the small files of a finished run to the record, if one is kept and does not have them:
  /// configuration without the folders of this machine, environment, metrics, summary.
  void record(const ExperimentPlan::Run& run) const;

  /// Removes the checkpoints from the folder of a finished run, if it has them.
  void drop_checkpoints(const ExperimentPlan::Run& run) const;

 private:
  std::filesystem::path beside(const ExperimentPlan::Run& run, const char* extension) const;

  std::filesystem::path runs_;
  std::optional<std::filesystem::path> record_;
};

}  // namespace lanet
