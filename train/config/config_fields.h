// The table of configuration fields: the one place that knows their paths, types and limits.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "train/config/config.h"

namespace lanet {

/// Where a field's value is stored, which gives its type.
using Place = std::variant<bool*, int64_t*, double*, std::string*, Method*, Recipe*, Backbone*,
                           ShapeSource*, Sampler*, Schedule*, DTypeSetting*, DeviceSetting*,
                           NoiseKind*, LandmarkCoordinates*, DataFormat*, Residency*>;

/// Limits of a number. `above`: lo is excluded. `multiple`: integers must be multiples of it.
struct Range {
  double lo = 0;
  double hi = 0;
  bool above = false;
  int64_t multiple = 1;
};
/// What a text stands for. `anchored`: a path that becomes absolute when the configuration is
/// loaded. `nullable`: null (kept as an empty string) stands for none. `words`: no path but words
/// with commas between them, or an integer.
struct Text {
  bool anchored = false;
  bool nullable = false;
  bool words = false;
};
using Domain = std::variant<std::monostate, Range, Text>;

struct Field {
  std::string_view path;  // "data.noise.rate"
  Place (*place)(Config&);
  Domain domain;
  std::string_view help;
};

std::span<const Field> config_fields();

/// The current name of a key that earlier versions called `key`; `key` itself if it is current.
std::string_view current_key(std::string_view key);

/// Our word for a value or the last word of a field's path that other programs call `word`, such as
/// cuda for gpu and learning_rate for lr; `word` itself if there is none.
std::string own_word(const std::string& word);

/// "an integer from 2 to 65536": what a message says was expected.
std::string expectation(const Field& field);

/// The field's value in this configuration as JSON.
nlohmann::ordered_json field_value(const Field& field, const Config& config);

}  // namespace lanet
