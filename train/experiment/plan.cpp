#include "train/experiment/plan.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "core/error.h"
#include "train/config/strict_json.h"

namespace lanet {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

constexpr double kMostSeed = 0x1p53;  // as field `seed`
constexpr size_t kLongestName = 60;

/// "set" of the plan, of a setting or of a condition, with the name it goes by.
struct Named {
  std::string name;
  json fields = json::object();
};

bool is_name(const std::string& text) {
  auto is_letter = [](unsigned char c) { return c < 128 && std::isalnum(c); };
  return !text.empty() && text.size() <= kLongestName && is_letter(text[0]) &&
         std::all_of(text.begin(), text.end(), [&](char c) {
           return is_letter(c) || c == '.' || c == '_' || c == '-' || c == '+';
         });
}

/// Reads the file's own structure; what stands in a "set" is checked with the configuration.
class PlanReader {
 public:
  explicit PlanReader(const fs::path& file)
      : file_(file), document_(read_strict_json(file, "plan")) {
    if (!document_.is_object())
      throw InputError(fmt::format("{}: {}; expected an object", file.string(), shown(document_)));
    check_keys(document_, "", {"config", "set", "conditions", "settings", "seeds", "reference"});
  }

  fs::path config() const {
    const json& value = required("config", "the path of a configuration");
    if (!value.is_string() || value.get<std::string>().empty())
      fail("config", value, "the path of a configuration");
    return (file_.parent_path() / value.get<std::string>()).lexically_normal();
  }

  json set() const { return set_of(document_, "set"); }

  /// "settings" or "conditions".
  std::vector<Named> list(const std::string& key) const {
    const std::string expected = "a list of objects with \"name\" and \"set\"";
    const json& value = required(key, expected);
    if (!value.is_array() || value.empty()) fail(key, value, expected);
    std::vector<Named> all;
    for (const json& item : value) {
      const std::string place = fmt::format("{}[{}]", key, all.size());
      if (!item.is_object()) fail(place, item, "an object with \"name\" and \"set\"");
      check_keys(item, place + ".", {"name", "set"});
      all.push_back({name_of(item, place, all), set_of(item, place + ".set")});
    }
    return all;
  }
  bool has(const std::string& key) const { return document_.contains(key); }

  std::vector<int64_t> seeds() const {
    const std::string expected = "a list of different integers from 0 to 2^53";
    const json& value = required("seeds", expected);
    if (!value.is_array() || value.empty()) fail("seeds", value, expected);
    std::vector<int64_t> all;
    for (const json& seed : value) {
      const std::string place = fmt::format("seeds[{}]", all.size());
      if (!seed.is_number_integer() || seed < 0 || seed.get<double>() > kMostSeed ||
          std::find(all.begin(), all.end(), seed.get<int64_t>()) != all.end())
        fail(place, seed, "an integer from 0 to 2^53 that is not in the list yet");
      all.push_back(seed.get<int64_t>());
    }
    return all;
  }

  std::optional<size_t> reference(const std::vector<std::string>& settings) const {
    if (!has("reference")) return std::nullopt;
    const json& value = document_.at("reference");
    const auto found = std::find(settings.begin(), settings.end(), value);
    if (found == settings.end())
      fail("reference", value, "the name of a setting",
           value.is_string() ? suggestion(value.get<std::string>(), settings) : "");
    return found - settings.begin();
  }

 private:
  [[noreturn]] void fail(const std::string& place, const json& value, const std::string& expected,
                         const std::string& hint = "") const {
    throw InputError(fmt::format("{}: {}: {}; expected {}{}", file_.string(), place, shown(value),
                                 expected, hint));
  }

  const json& required(const std::string& key, const std::string& expected) const {
    if (!has(key))
      throw InputError(fmt::format("{}: {}: missing; expected {}", file_.string(), key, expected));
    return document_.at(key);
  }

  void check_keys(const json& object, const std::string& place,
                  const std::vector<std::string>& known) const {
    for (const auto& [key, value] : object.items()) {
      if (std::find(known.begin(), known.end(), key) == known.end())
        throw InputError(fmt::format("{}: {}{}: unknown key{}", file_.string(), place, key,
                                     suggestion(key, known)));
    }
  }

  std::string name_of(const json& item, const std::string& place,
                      const std::vector<Named>& before) const {
    const std::string here = place + ".name";
    if (!item.contains("name"))
      throw InputError(fmt::format("{}: {}: missing; expected a name", file_.string(), here));
    const json& name = item.at("name");
    if (!name.is_string() || !is_name(name.get<std::string>()))
      fail(here, name,
           fmt::format("a name for a folder: at most {} letters, digits and '.', '_', '-', '+', "
                       "with a letter or a digit first",
                       kLongestName));
    if (std::any_of(before.begin(), before.end(),
                    [&](const Named& other) { return other.name == name; }))
      fail(here, name, "a name that is not used yet");
    return name.get<std::string>();
  }

  json set_of(const json& object, const std::string& place) const {
    if (!object.contains("set")) return json::object();
    const json& set = object.at("set");
    if (!set.is_object()) fail(place, set, "an object of fields and values");
    if (set.contains("seed"))
      throw InputError(
          fmt::format("{}: {}.seed: expected only in \"seeds\"", file_.string(), place));
    return set;
  }

  fs::path file_;
  json document_;
};

std::optional<double> noise_rate_of(const Named& condition) {
  const json& fields = condition.fields;
  if (fields.size() != 1 || !fields.contains("data.noise.rate")) return std::nullopt;
  const json& rate = fields.at("data.noise.rate");
  return rate.is_number() ? std::optional(rate.get<double>()) : std::nullopt;
}

}  // namespace

ExperimentPlan load_plan(const fs::path& file, const std::vector<std::string>& overrides,
                         const std::vector<int64_t>& seeds) {
  const PlanReader reader(file);
  for (const std::string& text : overrides)
    if (text.starts_with("seed="))
      throw InputError(fmt::format(
          "--set {}: the seeds of an experiment come from its plan, or from --seeds", text));
  for (auto seed = seeds.begin(); seed != seeds.end(); ++seed)
    if (std::find(seeds.begin(), seed, *seed) != seed)
      throw InputError(fmt::format("--seeds: {} occurs twice; expected different seeds", *seed));
  const fs::path config = reader.config(), base = fs::absolute(file).parent_path();
  const json set = reader.set();
  const std::vector<Named> settings = reader.list("settings");
  const std::vector<Named> conditions =
      reader.has("conditions") ? reader.list("conditions") : std::vector<Named>(1);

  ExperimentPlan plan{.name = file.stem().string(),
                      .seeds = seeds.empty() ? reader.seeds() : seeds};
  for (const Named& setting : settings) plan.settings.push_back(setting.name);
  plan.reference = reader.reference(plan.settings);
  for (const Named& condition : conditions)
    plan.conditions.push_back({condition.name, noise_rate_of(condition)});

  const std::string where = file.string() + ": ";
  for (size_t c = 0; c < conditions.size(); ++c) {
    for (const int64_t seed : plan.seeds) {
      const json seed_field = {{"seed", seed}};
      for (size_t s = 0; s < settings.size(); ++s) {
        const std::vector<ConfigLayer> layers = {
            {where + "set", base, set},
            {fmt::format("{}conditions[{}].set", where, c), base, conditions[c].fields},
            {fmt::format("{}settings[{}].set", where, s), base, settings[s].fields},
            {where + "seeds", base, seed_field}};
        const fs::path path =
            fs::path(conditions[c].name) / settings[s].name / fmt::format("seed-{}", seed);
        const Config resolved = load_config(config, layers, overrides);
        check_trainable(resolved, fmt::format("{}{}", where, path.string()));
        plan.runs.push_back({c, s, seed, resolved, path});
      }
    }
  }
  return plan;
}

}  // namespace lanet
