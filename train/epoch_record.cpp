#include "train/epoch_record.h"

#include <cmath>
#include <nlohmann/json.hpp>

namespace lanet {

namespace {

constexpr double kUniformEntropy = 0.9995;
constexpr double kSmallestSpread = 0.01;

double images_per_second(const EpochResult& training) {
  return static_cast<double>(training.images) / training.seconds;
}

}  // namespace

nlohmann::ordered_json to_json(const EpochRecord& record) {
  const EpochResult& training = record.training;
  const nlohmann::ordered_json test = to_json(record.judged.test);
  nlohmann::ordered_json line = {{"epoch", training.epoch},
                                 {"losses", training.losses},
                                 {"learning_rate", training.learning_rate},
                                 {"train_accuracy", training.train_accuracy},
                                 {"test_accuracy", test["accuracy"]},
                                 {"test_balanced_accuracy", test["balanced_accuracy"]},
                                 {"test_recall", test["recall"]},
                                 {"test_confusion", test["confusion"]}};
  if (const auto& validation = record.judged.validation) {
    line["val_accuracy"] = number_or_null(validation->accuracy());
    line["val_balanced_accuracy"] = number_or_null(validation->balanced_accuracy());
  }
  if (const auto& labels = record.judged.labels) {
    line["memorised"] = number_or_null(labels->memorised);
    line["corrected"] = number_or_null(labels->corrected);
    if (labels->estimates) {
      line["label_accuracy"] = number_or_null(labels->estimates->accuracy);
      line["label_average_precision"] = number_or_null(labels->estimates->average_precision);
      line["wrong_labels_found"] = number_or_null(labels->estimates->found);
      line["right_labels_doubted"] = number_or_null(labels->estimates->doubted);
    }
  }
  if (const auto& estimates = record.judged.estimates) {
    line["estimates_confident"] = number_or_null(estimates->confident);
    line["estimates_changed"] = number_or_null(estimates->changed);
    line["estimates_spread"] = number_or_null(estimates->spread);
    if (!std::isnan(estimates->neighbour_entropy))
      line["neighbour_entropy"] = estimates->neighbour_entropy;
  }
  if (const auto& votes = record.judged.votes) {
    line["estimates_from_votes"] = number_or_null(votes->estimates);
    line["given_from_votes"] = number_or_null(votes->given);
    line["smoothed_from_votes"] = number_or_null(votes->smoothed);
  }
  line["images_per_second"] = images_per_second(training);
  line["seconds"] = training.seconds;
  return line;
}

std::string to_text(const EpochRecord& record, int64_t epochs) {
  const EpochResult& training = record.training;
  std::string text = fmt::format("epoch {}/{}", training.epoch, epochs);
  for (const auto& [name, value] : training.losses) text += fmt::format("  {} {:.4f}", name, value);
  text += fmt::format("  train {:.4f}  test {:.4f}", training.train_accuracy,
                      record.judged.test.accuracy());
  if (const auto& validation = record.judged.validation)
    text += fmt::format("  validation {:.4f}", validation->accuracy());
  if (const auto& labels = record.judged.labels; labels && std::isfinite(labels->memorised))
    text +=
        fmt::format("  memorised {:.4f}  corrected {:.4f}", labels->memorised, labels->corrected);
  return text + fmt::format("  {:.1f} img/s", images_per_second(training));
}

std::vector<std::string> warnings(const EpochRecord& record) {
  std::vector<std::string> lines;
  if (!record.judged.estimates) return lines;
  const EstimateHealth& estimates = *record.judged.estimates;
  if (estimates.neighbour_entropy > kUniformEntropy)
    lines.push_back(
        "warning: all neighbours have the same weight: the pair scores have collapsed, and label "
        "estimates are plain means");
  if (estimates.spread < kSmallestSpread)
    lines.push_back(
        "warning: the label estimates of all faces are the same: they carry no information");
  return lines;
}

EpochScores scores_of(const nlohmann::ordered_json& line, bool validation,
                      const std::string& place) {
  auto number = [&](const char* key) {
    if (!line.contains(key) || !line[key].is_number())
      throw InputError(fmt::format("{}: {}: {}; expected a number", place, key,
                                   line.contains(key) ? printable(line[key].dump()) : "missing"));
    return line[key].get<double>();
  };
  EpochScores scores{.accuracy = number("test_accuracy"),
                     .balanced_accuracy = number("test_balanced_accuracy")};
  if (validation) scores.validation = number("val_accuracy");
  return scores;
}

}  // namespace lanet
