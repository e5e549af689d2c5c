#include "train/golden/check.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

namespace lanet {

using nlohmann::json;

json summarise(const std::vector<double>& values) {
  double squares = 0, sum = 0;
  for (const double v : values) {
    squares += v * v;
    sum += v;
  }
  json head = json::array();
  for (size_t i = 0; i < std::min<size_t>(4, values.size()); ++i) head.push_back(values[i]);
  return {{"norm", std::sqrt(squares)}, {"sum", sum}, {"head", head}, {"n", values.size()}};
}

json rows_of(const std::vector<double>& values, int64_t width) {
  json rows = json::array();
  for (size_t i = 0; i < values.size(); i += width)
    rows.push_back(std::vector<double>(values.begin() + i, values.begin() + i + width));
  return rows;
}

std::vector<double> flatten(const json& array) {
  std::vector<double> numbers;
  for (const auto& item : array) {
    if (item.is_array()) {
      const auto inner = flatten(item);
      numbers.insert(numbers.end(), inner.begin(), inner.end());
    } else {
      numbers.push_back(item.get<double>());
    }
  }
  return numbers;
}

namespace {

double largest(const std::vector<double>& numbers) {
  double most = 0;
  for (const double x : numbers) most = std::max(most, std::abs(x));
  return most;
}

/// Infinite where anything is not finite or the lengths differ.
double largest_difference(const std::vector<double>& a, const std::vector<double>& b) {
  double most = a.size() == b.size() ? 0 : INFINITY;
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    const double d = std::abs(a[i] - b[i]);
    most = std::isfinite(d) ? std::max(most, d) : INFINITY;
  }
  return most;
}

}  // namespace

void Comparison::add(const std::string& name, const std::string& path, double difference,
                     double scale, double bound) {
  const double error = scale > 0 ? difference / scale : (difference > 0 ? INFINITY : 0);
  checks_.push_back({.name = name,
                     .path = path,
                     .error = error,
                     .bound = bound,
                     .allowance = bound * scale,
                     .ok = error <= bound});
}

void Comparison::number(const std::string& name, const std::string& path, double golden,
                        double ours, double bound) {
  const double difference = std::abs(ours - golden);
  add(name, path, std::isfinite(difference) ? difference : INFINITY, std::abs(golden), bound);
}

void Comparison::array(const std::string& name, const std::string& path, const json& golden,
                       const json& ours, double bound) {
  const auto a = flatten(ours), b = flatten(golden);
  add(name, path, largest_difference(a, b), largest(b), bound);
}

void Comparison::head(const std::string& name, const std::string& path, const json& golden,
                      const json& ours, double bound) {
  const auto a = flatten(ours.at("head")), b = flatten(golden.at("head"));
  const double n = ours.at("n").get<double>(), norm = golden.at("norm").get<double>();
  add(name + " head", path + "/head", largest_difference(a, b),
      std::max(largest(b), norm / std::sqrt(n)), bound);
}

void Comparison::sum(const std::string& name, const std::string& path, const json& golden,
                     const json& ours, double bound) {
  const double difference = std::abs(ours.at("sum").get<double>() - golden.at("sum").get<double>());
  const double n = ours.at("n").get<double>(), norm = golden.at("norm").get<double>();
  add(name + " sum", path + "/sum", std::isfinite(difference) ? difference : INFINITY,
      norm * std::sqrt(n), bound);
}

void Comparison::index_sets(const std::string& name, const std::string& path, const json& golden,
                            const json& ours) {
  bool equal = golden.size() == ours.size();
  for (size_t i = 0; equal && i < golden.size(); ++i) {
    const auto a = flatten(golden[i]), b = flatten(ours[i]);
    equal = a.size() == b.size() && std::set(a.begin(), a.end()) == std::set(b.begin(), b.end());
  }
  checks_.push_back(
      {.name = name, .path = path, .error = equal ? 0.0 : 1.0, .ok = equal, .is_list = true});
}

void Comparison::pseudo_labels(const std::string& name, const std::string& path, const json& golden,
                               const json& ours) {
  bool equal = golden.size() == ours.size();
  for (size_t i = 0; equal && i < golden.size(); ++i) {
    const double a = golden[i].get<double>(), b = ours[i].get<double>();
    equal = a == b || (a < 0 && b < 0);
  }
  checks_.push_back(
      {.name = name, .path = path, .error = equal ? 0.0 : 1.0, .ok = equal, .is_list = true});
}

namespace {

/// A bound of a step: bounds.<kind>.<dtype>.
double bound_of(const json& step, const char* kind, DType dtype) {
  return step.at("bounds").at(kind).at(std::string(to_string(dtype))).get<double>();
}

/// Bounds of float32 for the summaries that the files do not bound (golden README).
constexpr double kSummaryF32 = 1e-4;
constexpr double kLabelBankF32 = 1e-6;
constexpr double kParametersF32 = 4e-3;
/// A norm below this share of the largest in its section is rounding, not a number to compare.
constexpr double kTinyNorm = 1e-6;

/// A section of named summaries, as gradients. A null bound leaves that measure out.
struct SectionBounds {
  double norm = -1, sum = -1, head = -1;
};

void check_section(Comparison& compare, const std::string& name, const std::string& path,
                   const json& golden, const json& ours, const SectionBounds& bounds) {
  double most = 0;
  for (const auto& [key, summary] : golden.items())
    most = std::max(most, summary.at("norm").get<double>());
  for (const auto& [key, summary] : golden.items()) {
    const std::string item = name + " " + key, item_path = path + "/" + key;
    const json& own = ours.at(key);
    const double norm = summary.at("norm").get<double>();
    if (bounds.norm >= 0 && norm >= kTinyNorm * most)
      compare.number(item + " norm", item_path + "/norm", norm, own.at("norm").get<double>(),
                     bounds.norm);
    if (bounds.sum >= 0) compare.sum(item, item_path, summary, own, bounds.sum);
    if (bounds.head >= 0) compare.head(item, item_path, summary, own, bounds.head);
  }
}

void check_step(Comparison& compare, int s, const json& golden, const json& ours) {
  const DType dtype = compare.dtype();
  const bool exact = dtype == DType::f64, first = s == 0;
  const std::string name = fmt::format("step {} ", s), path = fmt::format("/steps/{}/", s);

  compare.number(name + "learning_rate", path + "learning_rate",
                 golden.at("learning_rate").get<double>(), ours.at("learning_rate").get<double>(),
                 1e-12);
  for (const auto& [key, loss] : golden.at("loss").items())
    compare.number(name + "loss " + key, path + "loss/" + key, loss.get<double>(),
                   ours.at("loss").at(key).get<double>(), bound_of(golden, "loss", dtype));
  compare.pseudo_labels(name + "pseudo_labels", path + "pseudo_labels", golden.at("pseudo_labels"),
                        ours.at("pseudo_labels"));
  if (exact || first) {
    for (const char* key : {"logits", "target_distribution"})
      compare.array(name + key, path + key, golden.at(key), ours.at(key),
                    bound_of(golden, key, dtype));
  }
  if (dtype == DType::bf16) return;

  if (exact || (first && golden.at("neighbours_equal_in_f32").get<bool>())) {
    for (const char* key : {"expression_neighbours", "landmark_neighbours"})
      compare.index_sets(name + key, path + key, golden.at(key), ours.at(key));
  }
  const double exact_summary = exact ? bound_of(golden, "summary", dtype) : -1;
  if (!exact && !first) return;  // rounding grows through Adam: float32 is judged on the first step
  check_section(compare, name + "gradients", path + "gradients", golden.at("gradients"),
                ours.at("gradients"),
                {.norm = bound_of(golden, "gradient_norm", dtype),
                 .sum = exact_summary,
                 .head = exact_summary});
  const double summary = exact ? exact_summary : kSummaryF32;
  // A single summary is a section of one.
  auto single = [&](const char* key, double bound) {
    check_section(compare, fmt::format("step {}", s), fmt::format("/steps/{}", s),
                  {{key, golden.at(key)}}, ours,
                  {.norm = bound, .sum = exact_summary, .head = bound});
  };
  for (const char* key : {"landmark_heatmap", "expression_key", "landmark_key"})
    single(key, summary);
  single("label_distribution_bank_after", exact ? exact_summary : kLabelBankF32);
  check_section(compare, name + "parameters_after", path + "parameters_after",
                golden.at("parameters_after"), ours.at("parameters_after"),
                {.norm = exact ? exact_summary : kParametersF32,
                 .sum = exact_summary,
                 .head = exact_summary});
  check_section(compare, name + "running_statistics_after", path + "running_statistics_after",
                golden.at("running_statistics_after"), ours.at("running_statistics_after"),
                {.norm = summary, .sum = exact_summary, .head = summary});
}

}  // namespace

std::vector<Check> check_step_file(const json& golden, const json& ours, DType dtype) {
  std::vector<Check> checks;
  Comparison compare(checks, dtype);
  for (size_t s = 0; s < golden.at("steps").size(); ++s)
    check_step(compare, static_cast<int>(s), golden["steps"][s], ours.at("steps")[s]);
  if (dtype == DType::f64) {
    compare.array("eval_logits_after", "/eval_logits_after", golden.at("eval_logits_after"),
                  ours.at("eval_logits_after"),
                  golden.at("eval_logits_bound").at("f64").get<double>());
  }
  return checks;
}

namespace {

/// The bounds of components.json (golden README).
struct ComponentBounds {
  double array;
  double score_gradient;
  double score_bias4;  ///< of fc_out.4.bias, whose entries nearly cancel
};

void check_label_distribution(Comparison& compare, const std::string& name, const std::string& path,
                              const json& golden, const json& ours, const ComponentBounds& bounds) {
  for (const char* key : {"neighbours_expression", "neighbours_landmark"})
    compare.index_sets(name + key, path + key, golden.at(key), ours.at(key));
  compare.number(name + "kl", path + "kl", golden.at("kl").get<double>(),
                 ours.at("kl").get<double>(), bounds.array);
  for (const char* key : {"targets", "bank_rows_after", "grad_logits", "grad_fer", "grad_lm"})
    compare.array(name + key, path + key, golden.at(key), ours.at(key), bounds.array);
  for (const auto& [key, summary] : golden.at("grad_score").items()) {
    const double bound =
        key.ends_with("fc_out.4.bias") ? bounds.score_bias4 : bounds.score_gradient;
    const std::string item = name + "grad_score " + key, item_path = path + "grad_score/" + key;
    const json& own = ours.at("grad_score").at(key);
    compare.number(item + " norm", item_path + "/norm", summary.at("norm").get<double>(),
                   own.at("norm").get<double>(), bound);
    compare.head(item, item_path, summary, own, bound);
  }
}

}  // namespace

std::vector<Check> check_components_file(const json& golden, const json& ours, DType dtype,
                                         std::vector<std::string>* not_judged) {
  constexpr double kBf16Loss = 2e-2, kLeastBf16Temperature = 0.1;
  const ComponentBounds bounds =
      dtype == DType::f64 ? ComponentBounds{1e-9, 1e-9, 1e-9} : ComponentBounds{1e-5, 1e-4, 1e-3};
  const bool rounded = dtype == DType::bf16;  // inputs in bf16: neighbours and gradients change
  std::vector<Check> checks;
  Comparison compare(checks, dtype);
  auto skip = [&](const std::string& name) {
    if (not_judged) not_judged->push_back(name);
  };
  auto loss = [&](const std::string& name, const std::string& path, const json& theirs,
                  const json& own) {
    compare.number(name + " loss", path + "/loss", theirs.at("loss").get<double>(),
                   own.at("loss").get<double>(), rounded ? kBf16Loss : bounds.array);
  };
  const json &wing = golden.at("adaptive_wing"), &heatmap = golden.at("heatmap");
  loss("adaptive_wing", "/adaptive_wing", wing, ours.at("adaptive_wing"));
  if (rounded) {
    skip("adaptive_wing grad_pred");
    skip("heatmap");
  } else {
    compare.array("adaptive_wing grad_pred", "/adaptive_wing/grad_pred", wing.at("grad_pred"),
                  ours.at("adaptive_wing").at("grad_pred"), bounds.array);
    compare.array("heatmap target", "/heatmap/target", heatmap.at("target"),
                  ours.at("heatmap").at("target"), bounds.array);
    compare.array("heatmap weight", "/heatmap/weight", heatmap.at("weight"),
                  ours.at("heatmap").at("weight"), 0);
  }
  for (size_t i = 0; i < golden.at("label_distribution").size(); ++i) {
    const std::string name = fmt::format("label_distribution {}", i + 1);
    if (rounded)
      skip(name);
    else
      check_label_distribution(compare, name + " ", fmt::format("/label_distribution/{}/", i),
                               golden["label_distribution"][i], ours.at("label_distribution")[i],
                               bounds);
  }
  for (size_t i = 0; i < golden.at("contrastive").size(); ++i) {
    const std::string name = fmt::format("contrastive {}", i + 1);
    const std::string path = fmt::format("/contrastive/{}", i);
    const json &theirs = golden["contrastive"][i], &own = ours.at("contrastive")[i];
    if (rounded && theirs.at("temperature").get<double>() < kLeastBf16Temperature) {
      skip(name);
      continue;
    }
    loss(name, path, theirs, own);
    if (rounded)
      skip(name + " grad_q");
    else
      compare.array(name + " grad_q", path + "/grad_q", theirs.at("grad_q"), own.at("grad_q"),
                    bounds.array);
  }
  return checks;
}

}  // namespace lanet
