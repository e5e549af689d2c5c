#include "train/metrics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <numeric>

#include "core/error.h"

namespace lanet {

namespace {

/// part / whole, NaN if there is no whole.
double share(int64_t part, int64_t whole) {
  return whole > 0 ? static_cast<double>(part) / static_cast<double>(whole)
                   : std::numeric_limits<double>::quiet_NaN();
}

std::string percent(double value) {
  return std::isfinite(value) ? fmt::format("{:.2f} %", 100 * value) : "-";
}

}  // namespace

Confusion::Confusion(int classes)
    : classes_(classes), counts_(static_cast<size_t>(classes) * classes) {
  LANET_REQUIRE(classes > 0, "{} classes", classes);
}

Confusion::Confusion(int classes, std::vector<int64_t> counts)
    : classes_(classes), counts_(std::move(counts)) {
  LANET_REQUIRE(std::ssize(counts_) == int64_t{classes} * classes, "{} counts of {} classes",
                counts_.size(), classes);
}

void Confusion::add(int label, int prediction) {
  LANET_REQUIRE(label >= 0 && label < classes_ && prediction >= 0 && prediction < classes_,
                "label {} predicted as {} of {} classes", label, prediction, classes_);
  ++counts_[static_cast<size_t>(label) * classes_ + prediction];
}

void Confusion::add(std::span<const int32_t> labels, std::span<const int32_t> predictions) {
  LANET_REQUIRE(labels.size() == predictions.size(), "{} labels, {} predictions", labels.size(),
                predictions.size());
  for (size_t i = 0; i < labels.size(); ++i) add(labels[i], predictions[i]);
}

int64_t Confusion::count(int label, int prediction) const {
  return counts_[static_cast<size_t>(label) * classes_ + prediction];
}

int64_t Confusion::total(int label) const {
  const auto row = counts_.begin() + static_cast<int64_t>(label) * classes_;
  return std::accumulate(row, row + classes_, int64_t{0});
}

int64_t Confusion::total() const {
  return std::accumulate(counts_.begin(), counts_.end(), int64_t{0});
}

double Confusion::accuracy() const {
  int64_t right = 0;
  for (int c = 0; c < classes_; ++c) right += count(c, c);
  return share(right, total());
}

double Confusion::recall(int label) const {
  return share(count(label, label), total(label));
}

double Confusion::balanced_accuracy() const {
  double sum = 0;
  int present = 0;
  for (int c = 0; c < classes_; ++c) {
    if (total(c) == 0) continue;
    sum += recall(c);
    ++present;
  }
  return present > 0 ? sum / present : std::numeric_limits<double>::quiet_NaN();
}

nlohmann::ordered_json to_json(const Confusion& confusion) {
  auto recall = nlohmann::ordered_json::array(), matrix = nlohmann::ordered_json::array();
  for (int i = 0; i < confusion.classes(); ++i) {
    recall.push_back(number_or_null(confusion.recall(i)));
    auto row = nlohmann::ordered_json::array();
    for (int j = 0; j < confusion.classes(); ++j) row.push_back(confusion.count(i, j));
    matrix.push_back(row);
  }
  return {{"accuracy", number_or_null(confusion.accuracy())},
          {"balanced_accuracy", number_or_null(confusion.balanced_accuracy())},
          {"recall", recall},
          {"confusion", matrix}};
}

std::string to_table(const Confusion& confusion, const std::vector<std::string>& names) {
  LANET_REQUIRE(static_cast<int>(names.size()) == confusion.classes(), "{} names for {} classes",
                names.size(), confusion.classes());
  size_t width = 6;
  for (const auto& name : names) width = std::max(width, name.size());
  std::string text =
      fmt::format("accuracy {} of {}, balanced {}\n\n{:<{}}  {:>9}", percent(confusion.accuracy()),
                  confusion.total(), percent(confusion.balanced_accuracy()), "", width, "recall");
  for (const auto& name : names) text += fmt::format("  {:>{}}", name, width);
  text += "  (predicted)\n";
  for (int i = 0; i < confusion.classes(); ++i) {
    text += fmt::format("{:<{}}  {:>9}", names[i], width, percent(confusion.recall(i)));
    for (int j = 0; j < confusion.classes(); ++j)
      text += fmt::format("  {:>{}}", confusion.count(i, j), width);
    text += '\n';
  }
  return text;
}

nlohmann::ordered_json number_or_null(double value) {
  return std::isfinite(value) ? nlohmann::ordered_json(value) : nlohmann::ordered_json(nullptr);
}

double average_precision(std::span<const double> scores, std::span<const uint8_t> positive) {
  LANET_REQUIRE(scores.size() == positive.size(), "{} scores of {} samples", scores.size(),
                positive.size());
  LANET_REQUIRE(std::none_of(scores.begin(), scores.end(), [](double s) { return std::isnan(s); }),
                "a score is NaN");
  std::vector<size_t> order(scores.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return scores[a] > scores[b]; });
  const auto positives =
      std::count_if(positive.begin(), positive.end(), [](uint8_t p) { return p; });
  double area = 0;
  int64_t found = 0, found_before = 0;
  for (size_t i = 0; i < order.size(); ++i) {
    if (positive[order[i]]) ++found;
    if (i + 1 < order.size() && scores[order[i + 1]] == scores[order[i]]) continue;
    area += share(found - found_before, positives) * share(found, static_cast<int64_t>(i) + 1);
    found_before = found;
  }
  return positives > 0 ? area : std::numeric_limits<double>::quiet_NaN();
}

Summary summarize(std::span<const EpochScores> epochs) {
  LANET_REQUIRE(!epochs.empty(), "a summary of no epochs");
  for (const EpochScores& epoch : epochs)
    LANET_REQUIRE(epoch.validation.has_value() == epochs[0].validation.has_value(),
                  "some of {} epochs have a validation accuracy, and some have none",
                  epochs.size());
  const auto best = std::max_element(
      epochs.begin(), epochs.end(), [](const EpochScores& a, const EpochScores& b) {
        return a.validation.value_or(a.accuracy) < b.validation.value_or(b.accuracy);
      });
  Summary summary{.best_epoch = static_cast<int>(best - epochs.begin()) + 1,
                  .best = *best,
                  .last_epoch = static_cast<int>(epochs.size()),
                  .last = epochs.back()};
  const auto tail = epochs.last(std::min<size_t>(5, epochs.size()));
  for (const EpochScores& epoch : tail) {
    summary.mean_last_five += epoch.accuracy;
    summary.mean_last_five_balanced += epoch.balanced_accuracy;
  }
  summary.mean_last_five /= static_cast<double>(tail.size());
  summary.mean_last_five_balanced /= static_cast<double>(tail.size());
  return summary;
}

nlohmann::ordered_json to_json(const Summary& summary) {
  auto epoch = [](int number, const EpochScores& scores) {
    return nlohmann::ordered_json{{"epoch", number},
                                  {"accuracy", scores.accuracy},
                                  {"balanced_accuracy", scores.balanced_accuracy}};
  };
  nlohmann::ordered_json best = epoch(summary.best_epoch, summary.best);
  best["chosen_by"] = summary.best.validation ? "validation" : "test";
  if (summary.best.validation) best["val_accuracy"] = *summary.best.validation;
  return {{"best", best},
          {"last", epoch(summary.last_epoch, summary.last)},
          {"mean_last_five", summary.mean_last_five},
          {"mean_last_five_balanced", summary.mean_last_five_balanced}};
}

}  // namespace lanet
