// The report of an experiment: tables and charts, made from the folders of its finished runs or
// from their record.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "train/experiment/folder.h"
#include "train/experiment/plan.h"
#include "train/experiment/svg_chart.h"

namespace lanet {

/// The figures of one finished run, as fractions from 0 to 1; NaN where it has none.
struct RunResult {
  // Of its summary: on the test set.
  double accuracy = 0, balanced_accuracy = 0;  ///< mean of the last five epochs
  double last_accuracy = 0, last_balanced_accuracy = 0;
  double best_accuracy = 0, best_balanced_accuracy = 0;
  std::string best_by;  ///< what chose the best epoch: "validation" or "test"
  double best_epoch = 0, best_validation_accuracy = 0;
  // Of its last epoch (train/epoch_record.h).
  double train_accuracy = 0, memorised = 0, corrected = 0;
  double label_accuracy = 0, label_average_precision = 0;
  double estimates_from_votes = 0, given_from_votes = 0, smoothed_from_votes = 0;
  double epochs = 0;
  double seconds = 0;  ///< of all epochs
  // Of each epoch.
  std::vector<double> test_accuracies, memorised_shares;
};

/// The results of the plan's runs, in their order; none of those that are not finished. InputError
/// if a file is not what a run writes, or of another configuration.
std::vector<std::optional<RunResult>> read_results(const ExperimentPlan& plan,
                                                   const ExperimentFolder& folder);

/// A line of names, then a line for each run of the plan, "finished" or "missing"; accuracies and
/// shares are fractions.
std::string results_csv(const ExperimentPlan& plan,
                        const std::vector<std::optional<RunResult>>& results);

/// For each condition a row for each setting: mean ± standard deviation over the seeds, in per
/// cent, and the difference to the plan's reference, paired by seed, with its 95 % interval.
std::string results_markdown(const ExperimentPlan& plan,
                             const std::vector<std::optional<RunResult>>& results);

/// Pictures by name, of what is finished: test accuracy, and the share of wrong labels
/// that is memorised, over the epochs of each condition; accuracy over the rate of noise, if at
/// least two conditions are rates of noise.
std::map<std::string, Chart> results_charts(const ExperimentPlan& plan,
                                            const std::vector<std::optional<RunResult>>& results);

/// Writes table.csv, table.md and the pictures to folder.results().
void write_report(const ExperimentPlan& plan, const ExperimentFolder& folder);

}  // namespace lanet
