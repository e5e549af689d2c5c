// Trains the runs of a plan, each in a process of its own, and continues unfinished ones.
#pragma once

#include "train/experiment/folder.h"
#include "train/experiment/plan.h"

namespace lanet {

struct RunnerOptions {
  bool resume = false;            ///< continue runs that are not finished
  int64_t jobs = 1;               ///< runs at a time; they share the cores
  bool drop_checkpoints = false;  ///< of finished runs
};

/// Trains the runs of `plan` that are not finished yet, shows progress, and keeps the report in
/// folder.results() up to date. SIGTSTP pauses it together with its runs. Returns 0 if all are
/// finished then; 1 if some failed or a signal ended it, after a message that says how to continue.
/// InputError if there is an unfinished run and `resume` is not set, or a run of another
/// configuration.
int run_plan(const ExperimentPlan& plan, const ExperimentFolder& folder,
             const RunnerOptions& options);

}  // namespace lanet
