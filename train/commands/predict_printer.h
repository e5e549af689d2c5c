// What predict prints: text, JSON, lines of JSON, or a table.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "train/commands/commands.h"

namespace lanet {

struct Prediction {
  std::string image;           ///< a picture's path; of a frame, the video's and its time
  std::optional<double> time;  ///< of a frame, in seconds
  std::optional<int32_t> given;
  std::vector<double> probabilities;

  int32_t best() const;
};

/// Prints predictions in the form that was asked for, each as soon as it is known.
class PredictionPrinter {
 public:
  PredictionPrinter(const PredictOptions& options, std::span<const std::string> classes)
      : options_(options), classes_(classes) {}

  /// Before the first.
  void begin();
  void print(const Prediction& prediction);
  /// After the last.
  void finish();

 private:
  nlohmann::ordered_json to_json(const Prediction& prediction) const;

  const PredictOptions& options_;
  std::span<const std::string> classes_;
  int64_t printed_ = 0;
};

}  // namespace lanet
