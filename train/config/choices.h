// Settings that are one of a few words: an enumeration for each, and the names of its values, which
// the configuration, --help and messages use.
#pragma once

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "core/dtype.h"
#include "data/landmarks.h"
#include "data/noise.h"
#include "data/readers.h"
#include "models/resnet.h"

namespace lanet {

enum class Method { lanet, baseline, corrected, confident_learning, label_smoothing, elr };
enum class Recipe { published, robust };
/// What tells a face's class by its shape.
enum class ShapeSource { network, set, batch, none };
/// By which labels the sampler balances the classes.
enum class Sampler { given, estimates, none };
enum class Schedule { linear, cosine };
/// automatic: the faster of f32 and bf16 (train/dtype_choice.h).
enum class DTypeSetting { f32, bf16, f64, automatic };
/// automatic: a GPU where one works.
enum class DeviceSetting { automatic, cpu, cuda };

/// The names of E's values, in their order; empty if E is no setting of this kind.
template <typename E>
inline constexpr std::array<std::string_view, 0> kNames{};
template <>
inline constexpr auto kNames<Method> = std::to_array<std::string_view>(
    {"lanet", "baseline", "corrected", "confident_learning", "label_smoothing", "elr"});
template <>
inline constexpr auto kNames<Recipe> = std::to_array<std::string_view>({"published", "robust"});
template <>
inline constexpr auto kNames<Backbone> = [] {
  std::array<std::string_view, std::size(kResNets)> names;
  std::ranges::transform(kResNets, names.begin(), &ResNet::name);
  return names;
}();
template <>
inline constexpr auto kNames<ShapeSource> = std::to_array<std::string_view>({"network", "set",
                                                                             "batch", "none"});
template <>
inline constexpr auto kNames<Sampler> = std::to_array<std::string_view>({"given", "estimates",
                                                                         "none"});
template <>
inline constexpr auto kNames<Schedule> = std::to_array<std::string_view>({"linear", "cosine"});
template <>  // of activations: the first of the element types
inline constexpr auto kNames<DType> = std::to_array<std::string_view>({"f32", "bf16", "f64"});
template <>
inline constexpr auto kNames<DTypeSetting> = std::to_array<std::string_view>({"f32", "bf16", "f64",
                                                                              "auto"});
template <>
inline constexpr auto kNames<DeviceSetting> = std::to_array<std::string_view>({"auto", "cpu",
                                                                               "cuda"});
template <>
inline constexpr auto kNames<LandmarkCoordinates> =
    std::to_array<std::string_view>({"square", "picture", "share"});
template <>
inline constexpr auto kNames<Residency> = std::to_array<std::string_view>({"auto", "device", "host",
                                                                           "disk"});
template <>
inline constexpr auto kNames<DataFormat> =
    std::to_array<std::string_view>({"auto", "rafdb", "folder", "csv", "ferplus", "affectnet"});
template <>
inline constexpr auto kNames<NoiseKind> = std::to_array<std::string_view>({"symmetric",
                                                                           "class_dependent"});

template <typename E>
std::string_view name_of(E value) {
  return kNames<E>.at(static_cast<size_t>(value));
}

/// The value of this name, if there is one.
template <typename E>
std::optional<E> find_choice(std::string_view name) {
  const auto found = std::ranges::find(kNames<E>, name);
  if (found == kNames<E>.end()) return std::nullopt;
  return static_cast<E>(found - kNames<E>.begin());
}

/// The value of this name. Throws InputError if there is none.
template <typename E>
E choice_from(std::string_view name) {
  if (const std::optional<E> value = find_choice<E>(name)) return *value;
  throw InputError(fmt::format("'{}'; expected one of {}", name, fmt::join(kNames<E>, ", ")));
}

}  // namespace lanet
