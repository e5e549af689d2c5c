// What is written and printed about a finished epoch.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "train/judge.h"

namespace lanet {

struct EpochRecord {
  EpochResult training;
  Judgement judged;
};

/// The line of metrics.jsonl: {"epoch", "losses", "learning_rate", "train_accuracy",
/// "test_accuracy", "test_balanced_accuracy", "test_recall", "test_confusion" (counts, a row for
/// each true class), …, "images_per_second", "seconds"}. Between them, with validation faces:
/// "val_accuracy", "val_balanced_accuracy"; where the truth of the training labels is known:
/// "memorised", "corrected"; with label estimates as well: "label_accuracy",
/// "label_average_precision", "wrong_labels_found", "right_labels_doubted"; with label estimates
/// "estimates_confident", "estimates_changed", "estimates_spread", and with neighbours
/// "neighbour_entropy"; with data.votes "estimates_from_votes", "given_from_votes",
/// "smoothed_from_votes" (train/judge.h). What is not a number is null.
nlohmann::ordered_json to_json(const EpochRecord& record);

/// The line for a terminal, without its end.
std::string to_text(const EpochRecord& record, int64_t epochs);

/// What is wrong with the label estimates of the epoch: one line for each fault, without a newline.
std::vector<std::string> warnings(const EpochRecord& record);

/// The figures of such a line by which epochs are compared. `validation`: with the accuracy on the
/// validation faces, which the line must have. InputError, which names `place`, if a figure is
/// missing.
EpochScores scores_of(const nlohmann::ordered_json& line, bool validation,
                      const std::string& place);

}  // namespace lanet
