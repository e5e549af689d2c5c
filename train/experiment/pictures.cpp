// The pictures of an experiment.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "core/error.h"
#include "train/experiment/report.h"
#include "train/experiment/svg_chart.h"

namespace lanet {

namespace {

using Results = std::vector<std::optional<RunResult>>;

/// Adds a point of several seeds: mean, least and largest, in per cent.
void add_point(Chart::Series& series, double x, const std::vector<double>& values) {
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  series.x.push_back(x);
  series.y.push_back(100 * std::accumulate(values.begin(), values.end(), 0.0) /
                     static_cast<double>(values.size()));
  series.low.push_back(100 * *low);
  series.high.push_back(100 * *high);
}

/// The finished runs of a setting under a condition.
std::vector<const RunResult*> runs_of(const ExperimentPlan& plan, const Results& results,
                                      size_t condition, size_t setting) {
  std::vector<const RunResult*> found;
  for (size_t i = 0; i < plan.runs.size(); ++i)
    if (results[i] && plan.runs[i].condition == condition && plan.runs[i].setting == setting)
      found.push_back(&*results[i]);
  return found;
}

/// "plain", or "plain (2 of 3 seeds)".
std::string legend(const ExperimentPlan& plan, size_t setting, size_t seeds) {
  return seeds == plan.seeds.size()
             ? plan.settings[setting]
             : fmt::format("{} ({} of {} seeds)", plan.settings[setting], seeds, plan.seeds.size());
}

std::string of_seeds(const ExperimentPlan& plan) {
  return plan.seeds.size() == 1
             ? "per cent, one seed"
             : fmt::format("per cent, mean over {} seeds and their range", plan.seeds.size());
}

/// A quantity over the epochs of a condition; no series if nothing has it.
Chart curves(const ExperimentPlan& plan, const Results& results, size_t condition,
             std::vector<double> RunResult::*quantity) {
  Chart chart{.subtitle = of_seeds(plan), .x_label = "epoch"};
  for (size_t setting = 0; setting < plan.settings.size(); ++setting) {
    const auto runs = runs_of(plan, results, condition, setting);
    Chart::Series series{.name = legend(plan, setting, runs.size()), .colour = setting};
    for (size_t epoch = 0; !runs.empty() && epoch < (runs[0]->*quantity).size(); ++epoch) {
      std::vector<double> values;
      for (const RunResult* run : runs)
        if (epoch < (run->*quantity).size() && std::isfinite((run->*quantity)[epoch]))
          values.push_back((run->*quantity)[epoch]);
      if (!values.empty()) add_point(series, static_cast<double>(epoch + 1), values);
    }
    if (!series.x.empty()) chart.series.push_back(std::move(series));
  }
  return chart;
}

/// The conditions that are rates of noise, by rate.
std::vector<size_t> noise_conditions(const ExperimentPlan& plan) {
  std::vector<size_t> found;
  for (size_t i = 0; i < plan.conditions.size(); ++i)
    if (plan.conditions[i].noise_rate) found.push_back(i);
  std::stable_sort(found.begin(), found.end(), [&](size_t a, size_t b) {
    return *plan.conditions[a].noise_rate < *plan.conditions[b].noise_rate;
  });
  return found;
}

Chart accuracy_over_noise(const ExperimentPlan& plan, const Results& results) {
  Chart chart{.title = fmt::format("{}: test accuracy, mean of the last five epochs", plan.name),
              .subtitle = of_seeds(plan),
              .x_label = "wrong training labels in per cent"};
  for (size_t setting = 0; setting < plan.settings.size(); ++setting) {
    Chart::Series series{.name = plan.settings[setting], .colour = setting};
    for (const size_t condition : noise_conditions(plan)) {
      std::vector<double> values;
      for (const RunResult* run : runs_of(plan, results, condition, setting))
        values.push_back(run->accuracy);
      if (!values.empty()) add_point(series, 100 * *plan.conditions[condition].noise_rate, values);
    }
    if (!series.x.empty()) chart.series.push_back(std::move(series));
  }
  return chart;
}

}  // namespace

std::map<std::string, Chart> results_charts(const ExperimentPlan& plan, const Results& results) {
  std::map<std::string, Chart> charts;
  auto add = [&](const std::string& name, const Chart& chart) {
    if (!chart.series.empty()) charts[name] = chart;
  };
  for (size_t condition = 0; condition < plan.conditions.size(); ++condition) {
    const std::string& name = plan.conditions[condition].name;
    const std::string where = name.empty() ? plan.name : fmt::format("{}, {}", plan.name, name);
    const std::string suffix = name.empty() ? "" : "-" + name;
    Chart accuracy = curves(plan, results, condition, &RunResult::test_accuracies);
    accuracy.title = where + ": test accuracy";
    add("accuracy" + suffix, accuracy);
    Chart memorised = curves(plan, results, condition, &RunResult::memorised_shares);
    memorised.title = where + ": wrong labels predicted as given";
    add("memorised" + suffix, memorised);
  }
  if (noise_conditions(plan).size() >= 2) add("noise", accuracy_over_noise(plan, results));
  return charts;
}

}  // namespace lanet
