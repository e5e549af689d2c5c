// How good predictions are: confusion matrix, accuracies, and the figures a whole run is told by.
// All are fractions 0..1.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

namespace lanet {

/// counts(i, j): how many samples of class i were predicted as j.
class Confusion {
 public:
  explicit Confusion(int classes);
  /// counts: [classes, classes], as counts() has them.
  Confusion(int classes, std::vector<int64_t> counts);
  void add(int label, int prediction);
  void add(std::span<const int32_t> labels, std::span<const int32_t> predictions);

  int classes() const { return classes_; }
  int64_t count(int label, int prediction) const;
  std::span<const int64_t> counts() const { return counts_; }
  /// Samples of one class.
  int64_t total(int label) const;
  int64_t total() const;

  /// Share of right predictions; NaN without samples.
  double accuracy() const;
  /// Share of right predictions among the samples of one class; NaN if it has none.
  double recall(int label) const;
  /// Mean recall over the classes that have samples; NaN without samples.
  double balanced_accuracy() const;

 private:
  int classes_;
  std::vector<int64_t> counts_;  // [classes, classes]
};

/// {"accuracy", "balanced_accuracy", "recall": [C], "confusion": [C][C]}; what is not a number is
/// null.
nlohmann::ordered_json to_json(const Confusion& confusion);

/// The same as a table for a terminal, several lines. `names` has one name per class.
std::string to_table(const Confusion& confusion, const std::vector<std::string>& names);

/// What a run is told by: the published program reports the best test epoch, which is chosen on the
/// test set; the mean of the last five epochs (of all, if fewer) is not.
struct Summary {
  int best_epoch = 0;  // from 1; the first of equals
  double best_accuracy = 0;
  int last_epoch = 0;
  double last_accuracy = 0;
  double mean_last_five = 0;
};
/// `accuracies`: test accuracy of each epoch from the first on; at least one.
Summary summarize(std::span<const double> accuracies);

/// {"best": {"epoch", "accuracy"}, "last": {"epoch", "accuracy"}, "mean_last_five"}
nlohmann::ordered_json to_json(const Summary& summary);

}  // namespace lanet
