// The epochs of a run, on every rank: trained, judged, recorded and, between two steps, saved or
// ended.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "train/progress.h"
#include "train/run_record.h"
#include "train/stop_signals.h"
#include "train/trainer.h"

namespace lanet {

class TrainingLoop {
 public:
  /// record: rank 0's, which prints and records; null on the others. All of them must outlive this.
  TrainingLoop(Context& context, const Config& config, Trainer& trainer, const Faces& validation,
               RunRecord* record, const StopSignals& signals);

  /// Runs the epochs that are left. If one of StopSignals came to any rank, all of them end after
  /// the step under way, with a checkpoint; within an epoch's last step or its evaluation, after
  /// the end of the epoch. Returns that signal, or 0 once all epochs are done.
  int run();
  /// How far it has come: "epoch 3 and 17 steps".
  std::string progress() const;

 private:
  bool after_step(int64_t step, double loss);
  bool stop_agreed();
  bool save_is_due() const;
  void record_epoch(const EpochResult& result);

  Context& context_;
  const Config& config_;
  Trainer& trainer_;
  const Faces& validation_;
  RunRecord* record_;
  const StopSignals& signals_;
  Progress progress_;
  std::vector<std::string> warned_;  // of the last epoch
  std::chrono::steady_clock::time_point saved_;
  Buffer memory_;
  Tensor votes_;  // i32 [signals], how many ranks have seen each; with several ranks
  int signal_ = 0;
};

}  // namespace lanet
