// Reading the figures of runs, and the table that has all of them.
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>
#include <utility>

#include "core/error.h"
#include "core/files/file.h"
#include "train/experiment/report.h"
#include "train/run_folder.h"

namespace lanet {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

json parse(const std::string& text, const std::string& place) {
  json document = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!document.is_object())
    throw InputError(fmt::format("{}: expected a JSON object of a run", place));
  return document;
}

/// A number that may be missing, or null.
double number_or_nan(const json& object, const char* key) {
  return object.contains(key) && object.at(key).is_number() ? object.at(key).get<double>() : kNan;
}

double number(const json& object, const char* key, const std::string& place) {
  const double value = number_or_nan(object, key);
  if (std::isnan(value))
    throw InputError(fmt::format("{}: {}: missing; expected a number", place, key));
  return value;
}

const json& section(const json& object, const char* key, const std::string& place) {
  if (!object.contains(key) || !object.at(key).is_object())
    throw InputError(fmt::format("{}: {}: missing; expected an object", place, key));
  return object.at(key);
}

void read_summary(RunResult& result, const fs::path& file) {
  const std::string place = file.string();
  const json summary = parse(read_text(file), place);
  const json &best = section(summary, "best", place), &last = section(summary, "last", place);
  result.accuracy = number(summary, "mean_last_five", place);
  result.balanced_accuracy = number(summary, "mean_last_five_balanced", place);
  result.last_accuracy = number(last, "accuracy", place);
  result.last_balanced_accuracy = number(last, "balanced_accuracy", place);
  result.best_accuracy = number(best, "accuracy", place);
  result.best_balanced_accuracy = number(best, "balanced_accuracy", place);
  result.best_epoch = number(best, "epoch", place);
  result.best_by = best.value("chosen_by", "test");
  result.best_validation_accuracy = number_or_nan(best, "val_accuracy");
}

void read_metrics(RunResult& result, const fs::path& file) {
  std::istringstream in(read_text(file));
  json line;
  for (std::string text; std::getline(in, text);) {
    const std::string place =
        fmt::format("{}:{}", file.string(), result.test_accuracies.size() + 1);
    line = parse(text, place);
    result.test_accuracies.push_back(number(line, "test_accuracy", place));
    result.memorised_shares.push_back(number_or_nan(line, "memorised"));
    result.seconds += number(line, "seconds", place);
  }
  result.epochs = static_cast<double>(result.test_accuracies.size());
  result.train_accuracy = number_or_nan(line, "train_accuracy");
  result.memorised = number_or_nan(line, "memorised");
  result.corrected = number_or_nan(line, "corrected");
  result.label_accuracy = number_or_nan(line, "label_accuracy");
  result.label_average_precision = number_or_nan(line, "label_average_precision");
  result.estimates_from_votes = number_or_nan(line, "estimates_from_votes");
  result.given_from_votes = number_or_nan(line, "given_from_votes");
  result.smoothed_from_votes = number_or_nan(line, "smoothed_from_votes");
}

/// The columns of the table behind those that say which run it is.
constexpr std::pair<const char*, double RunResult::*> kFigures[] = {
    {"accuracy", &RunResult::accuracy},
    {"balanced_accuracy", &RunResult::balanced_accuracy},
    {"last_accuracy", &RunResult::last_accuracy},
    {"last_balanced_accuracy", &RunResult::last_balanced_accuracy},
    {"best_accuracy", &RunResult::best_accuracy},
    {"best_balanced_accuracy", &RunResult::best_balanced_accuracy},
    {"best_epoch", &RunResult::best_epoch},
    {"best_validation_accuracy", &RunResult::best_validation_accuracy},
    {"train_accuracy", &RunResult::train_accuracy},
    {"memorised", &RunResult::memorised},
    {"corrected", &RunResult::corrected},
    {"label_accuracy", &RunResult::label_accuracy},
    {"label_average_precision", &RunResult::label_average_precision},
    {"estimates_from_votes", &RunResult::estimates_from_votes},
    {"given_from_votes", &RunResult::given_from_votes},
    {"smoothed_from_votes", &RunResult::smoothed_from_votes},
    {"epochs", &RunResult::epochs},
    {"seconds", &RunResult::seconds},
};

}  // namespace

std::vector<std::optional<RunResult>> read_results(const ExperimentPlan& plan,
                                                   const ExperimentFolder& folder) {
  std::vector<std::optional<RunResult>> results;
  for (const ExperimentPlan::Run& run : plan.runs) {
    results.emplace_back();
    const std::optional<fs::path> path = folder.finished(run);
    if (!path) continue;
    RunResult& result = results.back().emplace();
    read_summary(result, *path / RunFolder::kSummary);
    read_metrics(result, *path / RunFolder::kMetrics);
  }
  return results;
}

std::string results_csv(const ExperimentPlan& plan,
                        const std::vector<std::optional<RunResult>>& results) {
  std::string text = "condition,setting,seed,state,best_by";
  for (const auto& [name, figure] : kFigures) text += fmt::format(",{}", name);
  text += '\n';
  for (size_t i = 0; i < plan.runs.size(); ++i) {
    const ExperimentPlan::Run& run = plan.runs[i];
    const std::optional<RunResult>& result = results[i];
    text += fmt::format("{},{},{},{},{}", plan.conditions[run.condition].name,
                        plan.settings[run.setting], run.seed, result ? "finished" : "missing",
                        result ? result->best_by : "");
    for (const auto& [name, figure] : kFigures) {
      const double value = result ? (*result).*figure : kNan;
      text += std::isfinite(value) ? fmt::format(",{}", value) : ",";
    }
    text += '\n';
  }
  return text;
}

}  // namespace lanet
