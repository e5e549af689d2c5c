// The expressions that the program knows by name, and their one order in every data set.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lanet {

/// The basic expressions: RAF-DB's classes, and those of drawn faces.
constexpr int kNumExpressions = 7;

/// Their names, in the program's order.
constexpr std::array<std::string_view, kNumExpressions> kExpressionNames = {
    "anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral"};

/// The eighth that some data sets have; it comes after the seven.
constexpr std::string_view kContempt = "contempt";

/// The seven as the class names of a data set or checkpoint.
std::vector<std::string> expression_names();

/// The name of the known expression that a word stands for, whatever its case: "anger" for angry,
/// "happiness" for Happy. None if it is no known expression.
std::optional<std::string_view> known_expression(std::string_view word);

/// Class names in the program's order, without repetition: the known expressions first, the others
/// as they come.
std::vector<std::string> in_class_order(std::span<const std::string> names);

}  // namespace lanet
