// Trains the runs of a plan, each in a process of its own, and continues unfinished ones.
#pragma once

#include <string>
#include <vector>

#include "train/experiment/folder.h"
#include "train/experiment/plan.h"

namespace lanet {

struct RunnerOptions {
  bool resume = false;            ///< continue runs that are not finished
  int64_t jobs = 1;               ///< runs at a time; they share the cores
  bool drop_checkpoints = false;  ///< of finished runs
};

/// How the runs of a plan ended.
struct PlanOutcome {
  bool interrupted = false;         ///< by a signal; it has been said how to continue
  std::vector<std::string> failed;  ///< runs
  size_t runs = 0;                  ///< all of the plan
};

/// Trains the runs of `plan` that are not finished yet, shows progress, and keeps the report in
/// folder.results() up to date. SIGTSTP pauses it together with its runs. InputError if there is an
/// unfinished run and `resume` is not set, or a run of another configuration.
PlanOutcome run_plan(const ExperimentPlan& plan, const ExperimentFolder& folder,
                     const RunnerOptions& options);

/// Says which runs failed and how to try them again. The exit code: 1 if there are any.
int report_failed(const PlanOutcome& outcome);

}  // namespace lanet
