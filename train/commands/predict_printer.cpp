#include "train/commands/predict_printer.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "core/printable.h"
#include "data/csv.h"
#include "train/likeliest_class.h"

namespace lanet {

namespace {

/// The classes that are shown: all in their order, or the `top` most probable.
std::vector<size_t> shown(std::span<const double> probabilities, int64_t top) {
  std::vector<size_t> order(probabilities.size());
  std::iota(order.begin(), order.end(), 0);
  if (top == 0) return order;
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return probabilities[a] > probabilities[b]; });
  order.resize(std::min<size_t>(order.size(), top));
  return order;
}

}  // namespace

int32_t Prediction::best() const {
  return likeliest_class(probabilities);
}

void PredictionPrinter::begin() {
  if (options_.json) fmt::print("[");
  if (options_.csv) {
    fmt::print("image,{}label", options_.labelled ? "given," : "");
    for (const std::string& name : classes_) fmt::print(",{}", csv_field(name));
    fmt::print("\n");
  }
}

void PredictionPrinter::print(const Prediction& prediction) {
  if (options_.json || options_.jsonl) {
    fmt::print("{}{}{}", options_.json && printed_ > 0 ? "," : "", to_json(prediction).dump(),
               options_.jsonl ? "\n" : "");
  } else if (options_.csv) {
    std::string row = csv_field(prediction.image) + ",";
    if (prediction.given) row += csv_field(classes_[*prediction.given]) + ",";
    row += csv_field(classes_[prediction.best()]);
    for (const double p : prediction.probabilities) row += fmt::format(",{:.6f}", p);
    fmt::print("{}\n", row);
  } else {
    std::string text;
    for (const size_t c : shown(prediction.probabilities, options_.top))
      text += fmt::format("  {} {:.3f}", classes_[c], prediction.probabilities[c]);
    fmt::print("{}: {} {}\n", escaped(prediction.image), classes_[prediction.best()], text);
  }
  ++printed_;
}

void PredictionPrinter::finish() {
  if (options_.json) fmt::print("]\n");
}

nlohmann::ordered_json PredictionPrinter::to_json(const Prediction& prediction) const {
  nlohmann::ordered_json probabilities;
  for (const size_t c : shown(prediction.probabilities, options_.top))
    probabilities[classes_[c]] = prediction.probabilities[c];
  const std::string& image = prediction.image;  // JSON is UTF-8, names need not be
  nlohmann::ordered_json entry = {{"image", is_utf8(image) ? image : escaped(image)}};
  if (prediction.time) entry["time"] = *prediction.time;
  if (prediction.given) entry["given"] = classes_[*prediction.given];
  entry["label"] = classes_[prediction.best()];
  entry["probabilities"] = std::move(probabilities);
  return entry;
}

}  // namespace lanet
