#include <algorithm>
#include <cmath>
#include <map>

#include "core/xml_text.h"
#include "train/experiment/statistics.h"
#include "train/report/html.h"
#include "train/report/sections.h"

namespace lanet {

namespace {

using Figure = double (*)(const RunFacts&);

double mean_accuracy(const RunFacts& run) {
  return run.summary.mean_last_five;
}
double mean_balanced(const RunFacts& run) {
  return run.summary.mean_last_five_balanced;
}
double last_accuracy(const RunFacts& run) {
  return run.summary.last.accuracy;
}
double last_balanced(const RunFacts& run) {
  return run.summary.last.balanced_accuracy;
}
double best_accuracy(const RunFacts& run) {
  return run.summary.best.accuracy;
}
double best_balanced(const RunFacts& run) {
  return run.summary.best.balanced_accuracy;
}

std::string per_cent(double share) {
  return std::isfinite(share) ? fmt::format("{:.1f} %", 100 * share) : "–";
}

/// "72.0 to 76.1", in per cent, of an accuracy on the test set; "" if the number of faces is not
/// known.
std::string interval_text(const RunFacts& run, double accuracy) {
  if (run.test_faces() == 0 || !std::isfinite(accuracy)) return "";
  const Interval interval = wilson_interval(accuracy, run.test_faces());
  return fmt::format("{:.1f} to {:.1f}", 100 * interval.low, 100 * interval.high);
}

std::string chosen_by(const RunFacts& run) {
  return run.summary.best.validation ? "the validation faces" : "the test set";
}

std::string tile(const std::string& label, const std::string& value, const std::string& note) {
  return fmt::format("<div class=\"tile\"><span>{}</span><b>{}</b><span>{}</span></div>\n", label,
                     value, note);
}

/// The given labels that are wrong, and all; 0 and 0 where that is not known.
std::pair<int64_t, int64_t> wrong_labels(const RunFacts& run) {
  int64_t wrong = 0;
  for (size_t i = 0; i < run.truth.size(); ++i) wrong += run.truth[i] != run.given[i];
  return {wrong, std::ssize(run.truth)};
}

std::string one_run(const RunFacts& run) {
  const Summary& summary = run.summary;
  const int averaged = std::min(5, summary.last_epoch);
  const std::string interval = interval_text(run, summary.mean_last_five);
  std::string text = "<div class=\"tiles\">\n";
  text += tile("accuracy on the test set", per_cent(summary.mean_last_five),
               interval.empty() ? "" : fmt::format("95 % interval: {} %", interval));
  text += tile("balanced accuracy", per_cent(summary.mean_last_five_balanced),
               "mean of the recalls of the classes");
  if (const double memorised = run.last("memorised"); std::isfinite(memorised)) {
    const auto [wrong, all] = wrong_labels(run);
    const std::string of = all == 0 ? "of the wrong training labels"
                                    : fmt::format("of {} wrong labels among {}", wrong, all);
    text += tile("wrong labels memorised", per_cent(memorised),
                 fmt::format("{}, after the last epoch; {} of these faces are predicted as what "
                             "they are",
                             of, per_cent(run.last("corrected"))));
  }
  text += "</div>\n";
  text += html_table(
      {"test set", "accuracy", "95 % interval", "balanced"},
      {{averaged == 1 ? "last epoch alone" : fmt::format("mean of the last {} epochs", averaged),
        per_cent(summary.mean_last_five), interval, per_cent(summary.mean_last_five_balanced)},
       {fmt::format("last epoch, {}", summary.last_epoch), per_cent(summary.last.accuracy),
        interval_text(run, summary.last.accuracy), per_cent(summary.last.balanced_accuracy)},
       {fmt::format("best epoch, {}", summary.best_epoch), per_cent(summary.best.accuracy),
        interval_text(run, summary.best.accuracy), per_cent(summary.best.balanced_accuracy)}});
  std::string notes =
      summary.best.validation
          ? fmt::format("The validation faces chose the best epoch ({} of them right).",
                        per_cent(*summary.best.validation))
          : "The test set chose the best epoch, which makes that figure optimistic.";
  if (run.test_faces() > 0)
    notes += fmt::format(
        " Intervals are Wilson's, for {} test faces; they say how far another test set may differ, "
        "not another training.",
        run.test_faces());
  return text + html_paragraph(notes, "dim");
}

std::vector<double> values_of(const RunGroup& group, Figure figure) {
  std::vector<double> values;
  for (const RunFacts* run : group.runs)
    if (const double value = figure(*run); std::isfinite(value)) values.push_back(value);
  return values;
}

/// To the other group, of the seeds that both have.
std::vector<double> differences(const RunGroup& group, const RunGroup& other, Figure figure) {
  std::map<int64_t, double> of_other;
  for (const RunFacts* run : other.runs) of_other[run->config.seed] = figure(*run);
  std::vector<double> all;
  for (const RunFacts* run : group.runs)
    if (const auto found = of_other.find(run->config.seed); found != of_other.end())
      all.push_back(figure(*run) - found->second);
  return all;
}

/// A difference above its interval, so that the column is narrow.
std::string in_two_lines(std::string difference) {
  if (const size_t at = difference.find(" ("); at != std::string::npos)
    difference.replace(at, 1, "<br/>");
  return difference;
}

std::string groups_table(const std::vector<RunGroup>& groups) {
  const std::pair<const char*, Figure> figures[] = {
      {"accuracy", mean_accuracy},
      {"balanced accuracy", mean_balanced},
      {"last epoch", last_accuracy},
      {"last epoch, balanced", last_balanced},
      {"best epoch", best_accuracy},
      {"best epoch, balanced", best_balanced},
      {"wrong labels memorised", [](const RunFacts& run) { return run.last("memorised"); }},
      {"wrong labels seen through", [](const RunFacts& run) { return run.last("corrected"); }},
      {"label estimates right", [](const RunFacts& run) { return run.last("label_accuracy"); }}};
  std::vector<std::string> head = {"per cent"}, seeds = {"seeds"};
  for (const RunGroup& group : groups) {
    head.push_back(group.name);
    std::vector<int64_t> numbers;
    for (const RunFacts* run : group.runs) numbers.push_back(run->config.seed);
    seeds.push_back(fmt::format("{}", fmt::join(numbers, ", ")));
  }
  std::vector<std::vector<std::string>> rows = {seeds};
  for (const auto& [name, figure] : figures) {
    std::vector<std::string> row = {name};
    bool any = false;
    for (const RunGroup& group : groups) {
      const std::vector<double> values = values_of(group, figure);
      any = any || !values.empty();
      row.push_back(mean_text(values, 100, 1));
    }
    if (any) rows.push_back(row);
  }
  for (const auto& [name, figure] :
       {std::pair<const char*, Figure>{"accuracy", mean_accuracy},
        std::pair<const char*, Figure>{"balanced accuracy", mean_balanced}}) {
    if (groups.size() == 1) break;
    std::vector<std::string> row = {fmt::format("{} − {}", name, xml_text(groups[0].name)), ""};
    for (size_t i = 1; i < groups.size(); ++i)
      row.push_back(in_two_lines(difference_text(differences(groups[i], groups[0], figure))));
    rows.push_back(row);
  }
  return html_table(head, rows);
}

std::string runs_table(const std::vector<RunGroup>& groups) {
  std::vector<std::vector<std::string>> rows;
  for (const RunGroup& group : groups)
    for (const RunFacts* run : group.runs) {
      const Summary& summary = run->summary;
      const double memorised = run->last("memorised");
      rows.push_back({xml_text(run->name), std::to_string(run->config.seed),
                      per_cent(summary.mean_last_five), interval_text(*run, summary.mean_last_five),
                      per_cent(summary.mean_last_five_balanced), per_cent(summary.last.accuracy),
                      per_cent(summary.best.accuracy),
                      fmt::format("{} by {}", summary.best_epoch, chosen_by(*run)),
                      std::isfinite(memorised) ? per_cent(memorised) : ""});
    }
  return html_table({"run", "seed", "accuracy", "95 % interval", "balanced", "last epoch",
                     "best epoch", "chosen", "memorised"},
                    rows);
}

}  // namespace

std::string result_section(const std::vector<RunGroup>& groups) {
  if (groups.size() == 1 && groups[0].runs.size() == 1)
    return html_section("Result", one_run(*groups[0].runs[0]));
  const bool seeds = std::any_of(groups.begin(), groups.end(),
                                 [](const RunGroup& group) { return group.runs.size() > 1; });
  const bool by_test = std::any_of(groups.begin(), groups.end(), [](const RunGroup& group) {
    return !group.runs[0]->summary.best.validation;
  });
  std::string notes =
      "On the test set; accuracy and balanced accuracy are the mean of the last five epochs.";
  if (seeds) notes += " Mean ± standard deviation over the seeds.";
  if (groups.size() > 1)
    notes +=
        " Differences are paired by seed, in points; their 95 % interval (Student's t) takes two "
        "seeds or more.";
  if (by_test) notes += " Where the test set chose the best epoch, its figure is optimistic.";
  return html_section("Result",
                      groups_table(groups) + html_paragraph(notes, "dim") + runs_table(groups));
}

}  // namespace lanet
