// audit --folds: networks that have not seen a face, each trained as a run of its own.
#pragma once

#include <filesystem>
#include <vector>

#include "train/commands/commands.h"
#include "train/experiment/folder.h"
#include "train/faces.h"
#include "train/run_lock.h"

namespace lanet {

class FoldRuns {
 public:
  /// Takes the folder of the runs for this process. InputError if another one has it, or if it has
  /// finished runs on another data set. options: folds, runs, jobs and resume; both arguments must
  /// outlive it.
  FoldRuns(const Config& config, const AuditOptions& options);

  /// Trains, as the configuration says, one network on all training faces but one fold, for each
  /// fold. What is finished is not trained again. False if a run failed or a signal ended it; the
  /// next step has been said.
  bool train();

  /// [N, C], softmax probabilities of each training face by the network of its fold, after its last
  /// epoch. They are kept in the folder of that run (held_out.csv), and its checkpoints are
  /// removed. faces: all of the configuration. InputError if they are not those of the runs.
  std::vector<double> held_out(const Faces& faces) const;

 private:
  const Config& config_;
  const AuditOptions& options_;
  ExperimentPlan plan_;
  std::filesystem::path path_;
  ExperimentFolder folder_;
  RunLock lock_;
};

}  // namespace lanet
