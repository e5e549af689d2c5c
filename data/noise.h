// Wrong labels on purpose: what the method is measured against. docs/design.md, "Label noise".
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/expressions.h"
#include "data/noise_rates.h"

namespace lanet {

enum class NoiseKind {
  symmetric,       ///< any other class, uniformly
  class_dependent  ///< the class that it is most easily taken for
};

/// Class-dependent noise: anger↔disgust, fear→surprise, happiness→neutral, sadness→neutral,
/// surprise→anger, neutral→sadness.
constexpr std::array<int32_t, kNumExpressions> kConfusedWith = {1, 0, 5, 6, 6, 0, 4};

/// Each label, with probability `rate` (0..1), changed to another class. What becomes of sample i
/// depends on (seed, i, rate, its label) alone, and a sample changed at one rate is changed to the
/// same class at every higher rate. In a training set i counts all samples, before validation faces
/// are split off. Class-dependent noise is defined for the seven expressions only.
std::vector<int32_t> add_label_noise(std::span<const int32_t> labels, int num_classes, double rate,
                                     NoiseKind kind, uint64_t seed);

/// Each label changed to another class with the probability that its row of `rates` has for that
/// class. What becomes of sample i depends on (seed, i, its label, that row) alone, and a sample
/// that is changed is changed to the same class where all rates of its row are larger by one
/// factor. i counts as above.
std::vector<int32_t> add_label_noise(std::span<const int32_t> labels, int num_classes,
                                     const NoiseRates& rates, uint64_t seed);

/// noise.csv: `image,true_label,given_label,changed`, one row per face, labels by class name.
void write_noise_csv(const std::filesystem::path& path, std::span<const std::string> names,
                     std::span<const int32_t> true_labels, std::span<const int32_t> given_labels,
                     std::span<const std::string_view> class_names);

/// The given labels of a noise.csv, to go on with a run. InputError if it is not for these faces
/// with these true labels, in this order: the data have changed since.
std::vector<int32_t> read_noise_csv(const std::filesystem::path& path,
                                    std::span<const std::string> names,
                                    std::span<const int32_t> true_labels,
                                    std::span<const std::string_view> class_names);

}  // namespace lanet
