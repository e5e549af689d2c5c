#include "train/experiment/report.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "core/error.h"
#include "core/files/file.h"
#include "train/experiment/statistics.h"
#include "train/progress.h"

namespace lanet {

namespace fs = std::filesystem;

namespace {

using Results = std::vector<std::optional<RunResult>>;
using Figure = double RunResult::*;

/// The result of one setting under one condition with one seed; null: not finished.
const RunResult* find(const ExperimentPlan& plan, const Results& results, size_t condition,
                      size_t setting, int64_t seed) {
  for (size_t i = 0; i < plan.runs.size(); ++i) {
    const ExperimentPlan::Run& run = plan.runs[i];
    if (run.condition == condition && run.setting == setting && run.seed == seed)
      return results[i] ? &*results[i] : nullptr;
  }
  return nullptr;
}

/// The tables of one condition.
class ConditionTables {
 public:
  ConditionTables(const ExperimentPlan& plan, const Results& results, size_t condition)
      : plan_(plan), results_(results), condition_(condition) {}

  std::string accuracies() const {
    std::string text = "| setting | seeds | accuracy | balanced | best | last |";
    std::string rule = "|---|---|---|---|---|---|";
    if (plan_.reference) {
      const std::string& name = plan_.settings[*plan_.reference];
      text += fmt::format(" accuracy − {0} | balanced − {0} |", name);
      rule += "---|---|";
    }
    text += fmt::format("\n{}\n", rule);
    for (size_t setting = 0; setting < plan_.settings.size(); ++setting) {
      text += fmt::format("| {} | {} |", plan_.settings[setting], seeds(setting));
      for (const Figure figure : {&RunResult::accuracy, &RunResult::balanced_accuracy,
                                  &RunResult::best_accuracy, &RunResult::last_accuracy})
        text += fmt::format(" {} |", mean_text(values(setting, figure), 100, 1));
      if (plan_.reference) {
        for (const Figure figure : {&RunResult::accuracy, &RunResult::balanced_accuracy})
          text += fmt::format(" {} |", setting == *plan_.reference
                                           ? ""
                                           : difference_text(differences(setting, figure)));
      }
      text += '\n';
    }
    return text;
  }

  /// "" where the truth of the labels is not known.
  std::string labels() const {
    std::string rows;
    for (size_t setting = 0; setting < plan_.settings.size(); ++setting) {
      if (values(setting, &RunResult::memorised).empty()) continue;
      rows += fmt::format("| {} |", plan_.settings[setting]);
      for (const Figure figure :
           {&RunResult::memorised, &RunResult::corrected, &RunResult::label_accuracy})
        rows += fmt::format(" {} |", mean_text(values(setting, figure), 100, 1));
      rows += fmt::format(" {} |\n",
                          mean_text(values(setting, &RunResult::label_average_precision), 1, 3));
    }
    if (rows.empty()) return "";
    return "| last epoch | memorised | corrected | label estimates right | average precision |\n"
           "|---|---|---|---|---|\n" +
           rows;
  }

 private:
  const RunResult* find_run(size_t setting, int64_t seed) const {
    return find(plan_, results_, condition_, setting, seed);
  }

  /// Of the seeds that have it.
  std::vector<double> values(size_t setting, Figure figure) const {
    std::vector<double> all;
    for (const int64_t seed : plan_.seeds) {
      const RunResult* result = find_run(setting, seed);
      if (result && std::isfinite(result->*figure)) all.push_back(result->*figure);
    }
    return all;
  }

  /// To the reference, of the seeds that both have.
  std::vector<double> differences(size_t setting, Figure figure) const {
    std::vector<double> all;
    for (const int64_t seed : plan_.seeds) {
      const RunResult *result = find_run(setting, seed), *other = find_run(*plan_.reference, seed);
      if (result && other) all.push_back(result->*figure - other->*figure);
    }
    return all;
  }

  std::string seeds(size_t setting) const {
    const auto count = std::count_if(plan_.seeds.begin(), plan_.seeds.end(), [&](int64_t seed) {
      return find_run(setting, seed) != nullptr;
    });
    return count == std::ssize(plan_.seeds) ? std::to_string(count)
                                            : fmt::format("{} of {}", count, plan_.seeds.size());
  }

  const ExperimentPlan& plan_;
  const Results& results_;
  size_t condition_;
};

}  // namespace

std::string results_markdown(const ExperimentPlan& plan, const Results& results) {
  size_t finished = 0;
  double seconds = 0;
  std::set<std::string> chosen_by;
  for (const std::optional<RunResult>& result : results) {
    if (!result) continue;
    ++finished;
    seconds += result->seconds;
    chosen_by.insert(result->best_by == "validation" ? "the validation faces" : "the test set");
  }
  std::string text = fmt::format("# {}\n\n{} of {} runs finished, {} of training.\n", plan.name,
                                 finished, plan.runs.size(), format_duration(seconds));
  text +=
      "Accuracy on the test set in per cent, mean of the last five epochs: mean ± standard "
      "deviation over seeds.\n";
  if (!chosen_by.empty())
    text += fmt::format("`best` is the epoch chosen by {}.\n", fmt::join(chosen_by, " or "));
  if (plan.reference)
    text += fmt::format(
        "Differences are paired by seed, in points, with their 95 % confidence interval "
        "(Student's t).\n");
  for (size_t condition = 0; condition < plan.conditions.size(); ++condition) {
    if (!plan.conditions[condition].name.empty())
      text += fmt::format("\n## {}\n", plan.conditions[condition].name);
    const ConditionTables tables(plan, results, condition);
    text += fmt::format("\n{}", tables.accuracies());
    if (const std::string labels = tables.labels(); !labels.empty())
      text += fmt::format("\n{}", labels);
  }
  return text;
}

void write_report(const ExperimentPlan& plan, const ExperimentFolder& folder) {
  const Results results = read_results(plan, folder);
  create_folder(folder.results());
  write_text(folder.results() / "table.csv", results_csv(plan, results));
  write_text(folder.results() / "table.md", results_markdown(plan, results));
  for (const auto& [name, chart] : results_charts(plan, results))
    write_text(folder.results() / (name + ".svg"), svg_chart(chart));
}

}  // namespace lanet
