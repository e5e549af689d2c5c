#include "train/golden/contents.h"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "train/config/choices.h"
#include "train/config/strict_json.h"

namespace lanet {

using nlohmann::json;

namespace {

/// Whole numbers that a value may be.
struct Bounds {
  int64_t least, most;
};

constexpr int64_t kMostBatch = 4096, kMostClasses = 1000, kMostLandmarks = 500, kMostWidth = 4096,
                  kMostRows = 1 << 20;
/// The networks on pairs halve a feature twice.
constexpr int64_t kWidthUnit = 4;
/// Below 0: no label.
constexpr Bounds kLabels{std::numeric_limits<int64_t>::min(), kMostRows};
/// Of the pictures of a batch, and of a prediction of heatmaps.
constexpr int64_t kMostElements = int64_t{1} << 26;

/// An object of a golden file, with checks of its members. `path`: its JSON pointer.
class Section {
 public:
  Section(const json& value, std::string file, std::string path)
      : value_(value), file_(std::move(file)), path_(std::move(path)) {
    if (!value_.is_object()) refuse("", fmt::format("is {}; expected an object", shown(value_)));
  }

  const json& member(const std::string& key) const {
    const auto found = value_.find(key);
    if (found == value_.end()) refuse("/" + key, "is missing");
    return *found;
  }
  Section section(const std::string& key) const { return {member(key), file_, path_ + "/" + key}; }
  std::vector<Section> sections(const std::string& key) const {
    std::vector<Section> all;
    const json& list = array(key);
    for (size_t i = 0; i < list.size(); ++i)
      all.emplace_back(list[i], file_, fmt::format("{}/{}/{}", path_, key, i));
    return all;
  }

  const json& array(const std::string& key) const {
    const json& list = member(key);
    if (!list.is_array()) refuse("/" + key, fmt::format("is {}; expected a list", shown(list)));
    return list;
  }
  std::string text(const std::string& key) const {
    const json& value = member(key);
    if (!value.is_string()) refuse("/" + key, fmt::format("is {}; expected text", shown(value)));
    return value.get<std::string>();
  }
  int64_t integer(const std::string& key, Bounds bounds) const {
    return integer_at(member(key), "/" + key, bounds);
  }
  /// `count` of them.
  std::vector<int64_t> integers(const std::string& key, size_t count, Bounds bounds) const {
    const json& list = array(key);
    require_length(key, list, count);
    std::vector<int64_t> values;
    for (size_t i = 0; i < count; ++i)
      values.push_back(integer_at(list[i], fmt::format("/{}/{}", key, i), bounds));
    return values;
  }
  /// A number of at most `most` in absolute value, and at least `least`.
  void number(const std::string& key, double least, double most = 1e6) const {
    number_at(member(key), "/" + key, least, most);
  }
  void numbers(const std::string& key, size_t count, double least, double most = 1e6) const {
    const json& list = array(key);
    require_length(key, list, count);
    for (size_t i = 0; i < count; ++i)
      number_at(list[i], fmt::format("/{}/{}", key, i), least, most);
  }
  void require_product(const std::string& key, int64_t elements) const {
    if (elements > kMostElements)
      refuse("/" + key,
             fmt::format("makes {} elements; expected at most {}", elements, kMostElements));
  }
  [[noreturn]] void refuse(const std::string& below, const std::string& what) const {
    throw InputError(fmt::format("{}: {}{} {}", file_, printable(path_), printable(below), what));
  }

 private:
  int64_t integer_at(const json& value, const std::string& below, Bounds bounds) const {
    if (!value.is_number_integer() ||
        (value.is_number_unsigned() &&
         value.get<uint64_t>() > static_cast<uint64_t>(bounds.most)) ||
        value.get<int64_t>() < bounds.least || value.get<int64_t>() > bounds.most)
      refuse(below, fmt::format("is {}; expected a whole number from {} to {}", shown(value),
                                bounds.least, bounds.most));
    return value.get<int64_t>();
  }
  void number_at(const json& value, const std::string& below, double least, double most) const {
    if (!value.is_number() || !(value.get<double>() >= least && value.get<double>() <= most))
      refuse(below,
             fmt::format("is {}; expected a number from {} to {}", shown(value), least, most));
  }
  void require_length(const std::string& key, const json& list, size_t count) const {
    if (list.size() != count)
      refuse("/" + key, fmt::format("has {} values; expected {}", list.size(), count));
  }

  const json& value_;
  std::string file_, path_;
};

}  // namespace

void require_golden_step(const json& golden, const std::string& name) {
  const Section file(golden, name, ""), config = file.section("config");
  if (const std::string arch = config.text("arch"); !find_choice<Backbone>(arch))
    config.refuse("/arch", fmt::format("is '{}'; expected one of {}", printable(arch),
                                       fmt::join(kNames<Backbone>, ", ")));
  config.text("salt");
  const int64_t batch = config.integer("batch", {2, kMostBatch}),
                size = config.integer("image_size", {32, 1024}),
                classes = config.integer("classes", {2, kMostClasses}),
                samples = config.integer("samples", {batch, kMostRows});
  config.require_product("image_size", batch * size * size);
  config.integer("landmarks", {1, kMostLandmarks});
  config.integer("neighbours", {1, batch - 1});
  config.integer("bank", {batch, kMostRows});
  config.integers("labels", samples, {0, classes - 1});
  config.number("confidence", -1e6);
  config.number("temperature", 1e-6);
  const Section weights = config.section("loss_weights");
  for (const char* key : {"expression", "landmark", "distribution", "contrastive"})
    weights.number(key, 0);
  const Section adam = config.section("adam");
  adam.numbers("betas", 2, 0, 1);
  adam.number("lr", 0);
  adam.number("eps", 0);
  config.section("schedule").number("linear_to_zero_over", 1e-6);
  for (const Section& step : file.sections("steps")) {
    step.integers("labels", batch, {0, classes - 1});
    step.integers("indices", batch, {0, samples - 1});
  }
}

void require_golden_components(const json& golden, const std::string& name) {
  const Section file(golden, name, "");
  file.text("salt");
  const Section wing = file.section("adaptive_wing"), heatmap = file.section("heatmap");
  int64_t elements = 1;
  for (const int64_t side : wing.integers("shape", 4, {1, kMostWidth}))
    wing.require_product("shape", elements *= side);
  heatmap.integer("grid", {1, 1024});
  heatmap.numbers("point_xy", 2, -1e6);
  for (const Section& entry : file.sections("label_distribution")) {
    const int64_t batch = entry.integer("batch", {2, kMostBatch}),
                  classes = entry.integer("classes", {2, kMostClasses}),
                  samples = entry.integer("samples", {1, kMostRows});
    entry.require_product("samples", samples * classes);
    entry.integer("neighbours", {1, batch - 1});
    for (const char* key : {"dim_expression", "dim_landmark"}) {
      const int64_t width = entry.integer(key, {kWidthUnit, kMostWidth});
      if (width % kWidthUnit != 0)
        entry.refuse(fmt::format("/{}", key),
                     fmt::format("is {}; expected a multiple of {}", width, kWidthUnit));
      entry.require_product(key, batch * width);
    }
    entry.integers("indices", batch, {0, samples - 1});
  }
  for (const Section& entry : file.sections("contrastive")) {
    const int64_t queries = entry.integer("queries", {1, kMostBatch}),
                  width = entry.integer("dim", {1, kMostWidth}),
                  rows = entry.integer("bank", {1, kMostRows});
    entry.require_product("bank", rows * std::max(width, queries));
    entry.number("temperature", 1e-6);
    entry.integers("labels", queries, kLabels);
    entry.integers("bank_labels", rows, kLabels);
  }
}

}  // namespace lanet
