// How often each class is labelled as each other class, read from a file.
#pragma once

#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

namespace lanet {

/// [C, C], a row for each true class: the probabilities of its given labels, whose sum is 1.
using NoiseRates = std::vector<double>;

/// Reads one of two tables: `from,to,rate`, where `rate` of the labels `from` become `to` and the
/// others stay; or a whole matrix, whose header names the classes behind its first column, with a
/// row for each true class. Classes are in any order; known expressions may be synonyms
/// (data/expressions.h). InputError names file and line: a class that is unknown, occurs twice or
/// is missing, a rate outside 0 to 1, rates from one class that add up to more than 1, a row of a
/// matrix that does not add up to 1 within 1e-6.
NoiseRates read_noise_rates(const std::filesystem::path& path,
                            std::span<const std::string_view> class_names);

}  // namespace lanet
