#include "data/expressions.h"

#include <algorithm>
#include <cctype>
#include <utility>

namespace lanet {

namespace {

constexpr std::pair<std::string_view, std::string_view> kSynonyms[] = {
    {"angry", "anger"},         {"disgusted", "disgust"}, {"fearful", "fear"},
    {"happy", "happiness"},     {"sad", "sadness"},       {"surprised", "surprise"},
    {"contemptuous", kContempt}};

/// The place of a known expression in the program's order; none for another name.
std::optional<size_t> rank_of(std::string_view name) {
  const auto found = std::find(kExpressionNames.begin(), kExpressionNames.end(), name);
  if (found != kExpressionNames.end()) return found - kExpressionNames.begin();
  if (name == kContempt) return kExpressionNames.size();
  return std::nullopt;
}

}  // namespace

std::vector<std::string> expression_names() {
  return {kExpressionNames.begin(), kExpressionNames.end()};
}

std::optional<std::string_view> known_expression(std::string_view word) {
  std::string lower(word);
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  for (const auto& [synonym, name] : kSynonyms)
    if (lower == synonym) return name;
  if (lower == kContempt) return kContempt;
  const auto found = std::find(kExpressionNames.begin(), kExpressionNames.end(), lower);
  return found == kExpressionNames.end() ? std::nullopt : std::optional(*found);
}

std::vector<std::string> in_class_order(std::span<const std::string> names) {
  std::vector<std::string> classes;
  for (const std::string& name : names)
    if (std::find(classes.begin(), classes.end(), name) == classes.end()) classes.push_back(name);
  std::stable_sort(classes.begin(), classes.end(), [](const std::string& a, const std::string& b) {
    const auto rank = [](const std::string& name) {
      return rank_of(name).value_or(kExpressionNames.size() + 1);
    };
    return rank(a) < rank(b);
  });
  return classes;
}

}  // namespace lanet
