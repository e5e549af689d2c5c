// experiment: trains a grid of runs and reports them.
#include <optional>

#include "core/error.h"
#include "core/files/file.h"
#include "train/commands/commands.h"
#include "train/experiment/report.h"
#include "train/experiment/runner.h"
#include "train/experiment/text_chart.h"
#include "train/progress.h"
#include "train/ranks/ranks.h"
#include "train/run_lock.h"

namespace lanet {

namespace fs = std::filesystem;

namespace {

/// Prints where the report is and, for a plan with one condition, a chart of memorised labels or,
/// if the truth is not known, of accuracy.
void say_report(const ExperimentPlan& plan, const ExperimentFolder& folder) {
  const auto charts = results_charts(plan, read_results(plan, folder));
  if (plan.conditions.size() == 1) {
    for (const auto& [name, chart] : charts) {
      if (name.starts_with("memorised") || charts.size() == 1)
        fmt::print(stderr, "\n{}\n", text_chart(chart));
    }
  }
  say(fmt::format("report: {}", (folder.results() / "table.md").string()));
}

}  // namespace

int run_experiment(const ExperimentOptions& options) {
  require_one_process("experiment");
  const ExperimentPlan plan = load_plan(options.plan, options.overrides, options.seeds);
  const fs::path runs =
      options.runs.empty() ? fs::path("runs") / plan.name : fs::path(options.runs);
  const ExperimentFolder folder(
      runs, options.record.empty() ? std::nullopt : std::optional<fs::path>(options.record));
  if (options.report) {
    write_report(plan, folder);
    say_report(plan, folder);
    return 0;
  }
  create_folder(runs);
  const RunLock lock(runs);
  const PlanOutcome outcome = run_plan(plan, folder,
                                       {.resume = options.resume,
                                        .jobs = options.jobs,
                                        .drop_checkpoints = options.drop_checkpoints});
  if (outcome.interrupted) return 1;
  say_report(plan, folder);
  return report_failed(outcome);
}

}  // namespace lanet
