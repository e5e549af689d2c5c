// How good predictions are: confusion matrix, accuracies, and the summary of a whole run. All are
// fractions from 0 to 1.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
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

/// A number for JSON; null for what is not finite.
nlohmann::ordered_json number_or_null(double value);

/// How well `scores` tell the positive samples from the others: the area under precision over
/// recall as a step function, Σ (recallₙ − recallₙ₋₁)·precisionₙ over the distinct scores from the
/// largest down; equal scores are taken together. NaN without positive samples. No score is NaN.
double average_precision(std::span<const double> scores, std::span<const uint8_t> positive);

/// The figures by which epochs are compared.
struct EpochScores {
  double accuracy = 0, balanced_accuracy = 0;  ///< on the test set
  std::optional<double> validation;  ///< accuracy on the validation faces, if there are any
};

/// The summary of a run. The best epoch is the one with the largest accuracy on the validation
/// faces or, without any, as in the published program, on the test set, which makes it optimistic.
/// The mean of the last five epochs (of all, if fewer) involves no choice.
struct Summary {
  int best_epoch = 0;  // from 1; the first of equals
  EpochScores best;
  int last_epoch = 0;
  EpochScores last;
  double mean_last_five = 0, mean_last_five_balanced = 0;
};
/// `epochs`: from the first on; at least one, and all with validation or none.
Summary summarize(std::span<const EpochScores> epochs);

/// {"best": {"epoch", "accuracy", "balanced_accuracy", "chosen_by": "validation" or "test",
/// "val_accuracy" (by validation)}, "last": {"epoch", "accuracy", "balanced_accuracy"},
/// "mean_last_five", "mean_last_five_balanced"}; accuracies are on the test set.
nlohmann::ordered_json to_json(const Summary& summary);

}  // namespace lanet
