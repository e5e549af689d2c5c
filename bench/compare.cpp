#include "bench/compare.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "core/error.h"

namespace lanet::bench {

namespace {

using nlohmann::json;

constexpr const char* kKernels = "lanet-bench-kernels/1";
constexpr const char* kStep = "lanet-bench-step/1";

/// Part of a file, and where it lies there.
struct Place {
  const json& value;
  std::string path;              // "a.json: results[3]"
  std::string separator = ": ";  // between it and a key

  Place operator[](const std::string& key) const {
    if (!value.is_object() || !value.contains(key))
      throw InputError(fmt::format("{}: no field '{}'", path, key));
    return {value[key], path + separator + key, "."};
  }
  std::string text() const { return value.is_string() ? value.get<std::string>() : value.dump(); }
  double milliseconds() const {
    if (!value.is_number() || value.get<double>() < 0)
      throw InputError(fmt::format("{}: {}; expected a time in ms", path, value.dump()));
    return value.get<double>();
  }
};

struct Reading {
  double median, p10, p90;
};
/// By what was measured; in the order of names, which is all that a comparison needs.
using Readings = std::map<std::string, Reading>;

Reading reading_of(const Place& place) {
  return {place["median"].milliseconds(), place["p10"].milliseconds(), place["p90"].milliseconds()};
}

Readings readings_of(const Place& file) {
  if (file["format"].text() == kStep) {
    std::string name =
        fmt::format("step {} {} px batch {} {}", file["backbone"].text(), file["image"].text(),
                    file["batch"].text(), file["dtype"].text());
    // Files from before there were two recipes have the published one.
    if (file.value.value("recipe", "published") != "published") name = "robust " + name;
    if (const int ranks = file.value.value("ranks", 1); ranks > 1)
      name += fmt::format(" on {} ranks", ranks);
    return {{name, reading_of(file["step_ms"])}};
  }
  Readings readings;
  const Place results = file["results"];
  if (!results.value.is_array() || results.value.empty())
    throw InputError(fmt::format("{}: expected a list of measurements", results.path));
  for (size_t i = 0; i < results.value.size(); ++i) {
    const Place result{results.value[i], fmt::format("{}[{}]", results.path, i), "."};
    for (const char* cache : {"cold", "warm"})
      readings[fmt::format("{} {} {} {}", result["operation"].text(), result["dtype"].text(),
                           result["sizes"].text(), cache)] =
          reading_of(result[fmt::format("{}_ms", cache)]);
  }
  return readings;
}

void require_comparable(const Place& before, const Place& after) {
  for (const Place* file : {&before, &after}) {
    const Place format = (*file)["format"];
    if (format.text() != kKernels && format.text() != kStep)
      throw InputError(
          fmt::format("{}: {}; expected {} or {}, as bench kernels --json and bench "
                      "step --json write",
                      format.path, format.text(), kKernels, kStep));
  }
  for (const char* key : {"format", "device", "device_name", "threads", "tf32"}) {
    const std::string a = before[key].text(), b = after[key].text();
    if (a != b)
      throw InputError(fmt::format("{}: {}, but {}: {}; expected the same", before[key].path, a,
                                   after[key].path, b));
  }
}

}  // namespace

Comparison compare(const json& before, const std::string& before_name, const json& after,
                   const std::string& after_name) {
  const Place a{before, before_name}, b{after, after_name};
  require_comparable(a, b);
  const Readings old_readings = readings_of(a), new_readings = readings_of(b);
  Comparison found;
  for (const auto& [name, was] : old_readings) {
    const auto now = new_readings.find(name);
    if (now == new_readings.end()) {
      found.only_before.push_back(name);
      continue;
    }
    ++found.compared;
    if (was.p90 < now->second.p10 || now->second.p90 < was.p10)
      found.moved.push_back({name, was.median, now->second.median});
  }
  for (const auto& [name, now] : new_readings) {
    if (!old_readings.contains(name)) found.only_after.push_back(name);
  }
  std::stable_sort(found.moved.begin(), found.moved.end(), [](const Change& x, const Change& y) {
    return std::abs(std::log(x.ratio())) > std::abs(std::log(y.ratio()));
  });
  return found;
}

}  // namespace lanet::bench
