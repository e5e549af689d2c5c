#include "train/config/config.h"

#include <algorithm>
#include <cstdlib>
#include <deque>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "core/error.h"
#include "core/printable.h"
#include "train/config/config_fields.h"
#include "train/config/strict_json.h"

namespace lanet {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

std::string joined(const std::string& section, const std::string& key) {
  return section.empty() ? key : section + "." + key;
}

std::string last_word(std::string_view path) {
  return std::string(path.substr(path.rfind('.') + 1));
}

/// The field at this path, whose last key may be one of an earlier version.
const Field* find_field(const std::string& path) {
  const std::string key = last_word(path);
  const std::string current = path.substr(0, path.size() - key.size()).append(current_key(key));
  for (const Field& field : config_fields()) {
    if (field.path == current) return &field;
  }
  return nullptr;
}

/// "data", "data.noise", …
std::set<std::string> section_names() {
  std::set<std::string> names;
  for (const Field& field : config_fields()) {
    for (size_t dot = field.path.find('.'); dot != std::string_view::npos;
         dot = field.path.find('.', dot + 1))
      names.emplace(field.path.substr(0, dot));
  }
  return names;
}

/// What is wrong with a key that no field has. The hint is what differs in two letters at most in
/// the same section, else what has the same last word, else the nearest of the section, else the
/// nearest path.
std::string unknown_key(const std::string& path) {
  constexpr int kTypingError = 2;
  const auto hint = [](const std::string& known) {
    return fmt::format("unknown key; did you mean '{}'?", known);
  };
  const std::string section = path.substr(0, path.size() - last_word(path).size());
  const std::string word = own_word(last_word(path));
  std::set<std::string> all = section_names();
  std::vector<std::string> inside, siblings;  // siblings: their last words
  for (const Field& field : config_fields()) {
    all.emplace(field.path);
    if (field.path.starts_with(path + ".")) inside.emplace_back(field.path);
  }
  if (!inside.empty())
    return fmt::format("a group of fields; expected one of {}", fmt::join(inside, ", "));
  for (const std::string& known : all)
    if (known == section + last_word(known)) siblings.push_back(last_word(known));
  const std::string near = nearest_choice(word, siblings);
  if (!near.empty() && edit_distance(word, near) <= kTypingError) return hint(section + near);
  for (const std::string& known : all)
    if (last_word(known) == word) return hint(known);
  return near.empty() ? "unknown key" + suggestion(path, all) : hint(section + near);
}

/// Whether a value of this field is one of a few words.
bool is_word(const Place& place) {
  return std::visit([]<typename T>(T*) { return std::is_enum_v<T>; }, place);
}

[[noreturn]] void fail(const std::string& source, const std::string& path,
                       const std::string& what) {
  throw InputError(fmt::format("{}: {}: {}", source, path, what));
}

/// A path that begins with ~/, which no shell has seen, in the user's folder.
template <typename Refuse>
std::string at_home(const std::string& text, const Refuse& refuse) {
  if (text != "~" && !text.starts_with("~/")) return text;
  const char* home = std::getenv("HOME");
  if (!home || *home == '\0') refuse("; ~ needs the environment variable HOME");
  return home + text.substr(1);
}

/// Fills a Config from a file and overrides, and remembers where each value came from.
class Loader {
 public:
  explicit Loader(fs::path file) : file_(std::move(file)) {}

  Config load(const std::vector<ConfigLayer>& layers, const std::vector<std::string>& overrides) {
    for (const ConfigLayer& layer : layers) read_layer(layer);
    for (const std::string& text : overrides) read_override(text);
    check_together();
    return config_;
  }

 private:
  void read_layer(const ConfigLayer& layer) {
    if (!layer.fields.is_object())
      throw InputError(
          fmt::format("{}: {}; expected an object", layer.source, shown(layer.fields)));
    read_section(layer, layer.fields, "");
  }

  void read_section(const ConfigLayer& layer, const json& section, const std::string& path) {
    for (const auto& [key, value] : section.items()) {
      const std::string here = joined(path, key);
      if (const Field* field = find_field(here)) {
        assign(*field, value, layer.source, layer.base);
      } else if (section_names().contains(here)) {
        if (!value.is_object())
          fail(layer.source, here, fmt::format("{}; expected an object", shown(value)));
        read_section(layer, value, here);
      } else {
        fail(layer.source, here, unknown_key(here));
      }
    }
  }

  /// `a.b=value`: a text field takes the value as it stands, any other what it is as JSON.
  void read_override(const std::string& text) {
    const size_t equals = text.find('=');
    if (equals == std::string::npos)
      throw InputError(fmt::format("--set {}: expected key=value", text));
    const std::string path = text.substr(0, equals), value = text.substr(equals + 1);
    const Field* field = find_field(path);
    if (!field) fail("--set", path, unknown_key(path));
    json parsed = value;
    const auto* kind = std::get_if<Text>(&field->domain);
    if (kind) {
      if (kind->nullable && (value.empty() || value == "null")) parsed = nullptr;
    } else if (!is_word(field->place(config_))) {
      if (json as_json = json::parse(value, nullptr, false); !as_json.is_discarded())
        parsed = as_json;
    }
    assign(*field, parsed, "--set", fs::current_path());
  }

  void assign(const Field& field, const json& value, const std::string& source,
              const fs::path& base) {
    auto refuse = [&](const std::string& hint = "") {
      fail(source, std::string(field.path),
           fmt::format("{}; expected {}{}", shown(value), expectation(field), hint));
    };
    sources_[std::string(field.path)] = source;
    std::visit(
        [&]<typename T>(T* place) {
          if constexpr (std::is_same_v<T, bool>) {
            if (!value.is_boolean()) refuse();
            *place = value.get<bool>();
          } else if constexpr (std::is_same_v<T, std::string>) {
            *place = read_path(std::get<Text>(field.domain), value, base, refuse);
          } else if constexpr (std::is_enum_v<T>) {
            if (!value.is_string()) refuse();
            const auto word = value.get<std::string>();
            const std::optional<T> choice = find_choice<T>(word);
            if (!choice) refuse(suggestion(own_word(word), kNames<T>));
            *place = *choice;
          } else {
            *place = read_number<T>(std::get<Range>(field.domain), value, refuse);
          }
        },
        field.place(config_));
  }

  template <typename T, typename Refuse>
  static T read_number(const Range& range, const json& value, const Refuse& refuse) {
    constexpr bool kInteger = std::is_same_v<T, int64_t>;
    if (kInteger ? !value.is_number_integer() : !value.is_number()) refuse();
    const double number = value.get<double>();
    if (number < range.lo || number > range.hi || (range.above && number == range.lo)) refuse();
    if constexpr (kInteger) {
      if (value.get<T>() % range.multiple != 0) refuse();
    }
    return value.get<T>();
  }

  template <typename Refuse>
  static std::string read_path(const Text& kind, const json& value, const fs::path& base,
                               const Refuse& refuse) {
    if (kind.nullable && value.is_null()) return "";
    if (kind.words && value.is_number_unsigned()) return value.dump();
    if (!value.is_string() || value.get<std::string>().empty()) refuse();
    auto text = value.get<std::string>();
    if (!kind.words) text = at_home(text, refuse);
    if (kind.anchored) text = (base / text).lexically_normal().string();
    if (!is_utf8(text)) refuse(fmt::format(" in UTF-8, which '{}' is not", printable(text)));
    return text;
  }

  /// What no field can say alone.
  void check_together() const {
    if (config_.data.root.empty())
      fail(file_.string(), "data.root", "missing; expected the data set's folder");
    if (const int64_t least = least_batch(config_); config_.train.batch < least)
      fail(source("train.batch"), "train.batch",
           fmt::format("{}; expected at least model.neighbours + 2 = {}", config_.train.batch,
                       least));
    const bool published =
        config_.method == Method::lanet && config_.model.recipe == Recipe::published;
    if (published && config_.model.bank < config_.train.batch)
      fail(source("model.bank"), "model.bank",
           fmt::format("{}; expected at least train.batch = {}", config_.model.bank,
                       config_.train.batch));
    if (config_.train.sampler == Sampler::estimates && !reads_landmarks(config_))
      fail(source("train.sampler"), "train.sampler",
           fmt::format("\"estimates\"; expected given or none: method {} has no label estimates",
                       name_of(config_.method)));
    if (config_.data.fold > config_.data.folds)
      fail(source("data.fold"), "data.fold",
           fmt::format("{}; expected at most data.folds = {}", config_.data.fold,
                       config_.data.folds));
    if (config_.train.warmup_epochs >= static_cast<double>(config_.train.epochs))
      fail(source("train.warmup_epochs"), "train.warmup_epochs",
           fmt::format("{}; expected less than train.epochs = {}", config_.train.warmup_epochs,
                       config_.train.epochs));
    const AugmentConfig& augment = config_.data.augment;
    check_order("data.augment.crop_area", augment.crop_area_min, augment.crop_area_max);
    check_order("data.augment.crop_ratio", augment.crop_ratio_min, augment.crop_ratio_max);
    check_order("data.augment.jitter", augment.jitter_min, augment.jitter_max);
    check_order("data.augment.erase_area", augment.erase_area_min, augment.erase_area_max);
    check_order("data.augment.erase_ratio", augment.erase_ratio_min, augment.erase_ratio_max);
    const NoiseConfig& noise = config_.data.noise;
    if (!noise.file.empty() && noise.rate > 0)
      fail(source("data.noise.file"), "data.noise.file",
           fmt::format("given, and data.noise.rate is {}; expected one of them: set "
                       "data.noise.rate=0 to take the labels of the file",
                       noise.rate));
    if (!noise.rates.empty() && noise.rate > 0)
      fail(source("data.noise.rates"), "data.noise.rates",
           fmt::format("given, and data.noise.rate is {}; expected one of them: set "
                       "data.noise.rate=0 to take the rates of the file",
                       noise.rate));
    if (!noise.rates.empty() && !noise.file.empty())
      fail(source("data.noise.rates"), "data.noise.rates",
           "given, and data.noise.file too; expected one of them");
    if (config_.train.dtype == DTypeSetting::f64 && config_.train.device == DeviceSetting::cuda)
      fail(source("train.dtype"), "train.dtype", "\"f64\" runs on the CPU; expected f32 or bf16");
  }
  void check_order(const std::string& stem, double least, double most) const {
    if (least > most)
      fail(source(stem + "_min"), stem + "_min",
           fmt::format("{}; expected at most {}_max = {}", least, stem, most));
  }
  std::string source(const std::string& path) const {
    const auto found = sources_.find(path);
    return found == sources_.end() ? file_.string() : found->second;
  }

  fs::path file_;
  Config config_;
  std::map<std::string, std::string> sources_;
};

struct ConfigFile {
  fs::path path;
  json fields;
};

/// Reads a file and puts it behind the one that it extends, which is read likewise.
void read_with_bases(const fs::path& file, std::deque<ConfigFile>& files) {
  constexpr const char* kExtends = "extends";
  constexpr size_t kMostFiles = 16;
  json fields = read_strict_json(file, "configuration file");
  files.push_front({file, fields});
  if (!fields.is_object() || !fields.contains(kExtends)) return;
  const json base = fields[kExtends];
  files.front().fields.erase(kExtends);
  if (!base.is_string() || base.get<std::string>().empty())
    fail(file.string(), kExtends,
         fmt::format("{}; expected a configuration file, relative to this one", shown(base)));
  const fs::path path = (file.parent_path() / base.get<std::string>()).lexically_normal();
  const bool repeated = std::any_of(files.begin(), files.end(), [&](const ConfigFile& known) {
    std::error_code none;
    return fs::equivalent(known.path, path, none);
  });
  if (repeated)
    fail(file.string(), kExtends,
         fmt::format("{}; expected a file that does not itself extend this one", shown(base)));
  if (files.size() == kMostFiles)
    fail(file.string(), kExtends,
         fmt::format("{}; expected a chain of at most {} files", shown(base), kMostFiles));
  if (!fs::exists(path))
    fail(file.string(), kExtends, fmt::format("{}; there is no {}", shown(base), path.string()));
  read_with_bases(path, files);
}

/// Whether the data set is in a format that can hold landmarks.
bool may_have_landmarks(const DataConfig& data) {
  DataFormat format = data.format;
  if (format == DataFormat::automatic && fs::is_directory(data.root))
    format = recognise_format(data_source(data)).format;
  return format == DataFormat::csv || format == DataFormat::affectnet;
}

}  // namespace

Config load_config(const fs::path& file, const std::vector<std::string>& overrides) {
  return load_config(file, {}, overrides);
}

Config load_config(const fs::path& file, const std::vector<ConfigLayer>& layers,
                   const std::vector<std::string>& overrides) {
  std::deque<ConfigFile> files;
  read_with_bases(file, files);
  std::vector<ConfigLayer> all;
  for (const ConfigFile& f : files)
    all.push_back({f.path.string(), fs::absolute(f.path).parent_path(), f.fields});
  for (const ConfigLayer& layer : layers) all.push_back(layer);
  return Loader(file).load(all, overrides);
}

Config parse_config(const std::string& text, const std::string& source,
                    const std::vector<std::string>& overrides) {
  const json document = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (document.is_discarded())
    throw InputError(fmt::format("{}: its configuration is not JSON", source));
  return Loader(source).load({{source, fs::absolute(source).parent_path(), document}}, overrides);
}

DType activation_dtype(const Config& config) {
  const std::optional<DType> dtype = find_choice<DType>(name_of(config.train.dtype));
  LANET_REQUIRE(dtype, "train.dtype is auto where a type is needed");
  return *dtype;
}

nlohmann::ordered_json to_json(const Config& config) {
  nlohmann::ordered_json document = nlohmann::ordered_json::object();
  for (const Field& field : config_fields()) {
    nlohmann::ordered_json* place = &document;
    std::istringstream path{std::string(field.path)};
    for (std::string key; std::getline(path, key, '.');) place = &(*place)[key];
    *place = field_value(field, config);
  }
  return document;
}

std::string config_help() {
  std::string text =
      "Fields of a configuration (JSON; a dot separates nested objects), with defaults. "
      "\"extends\" "
      "names a\nconfiguration, relative to this one, that these fields lie over.\n";
  for (const Field& field : config_fields())
    text += fmt::format("  {:<27} {} [{}; {}]\n", field.path, field.help, expectation(field),
                        field.path == "data.root" ? "required" : field_value(field, {}).dump());
  return text;
}

bool reads_landmarks(const Config& config) {
  return config.method == Method::lanet || config.method == Method::corrected;
}

int64_t least_batch(const Config& config) {
  const bool published = config.model.recipe == Recipe::published;
  const bool asks_neighbours =
      config.method == Method::lanet && (published || config.model.shapes == ShapeSource::batch);
  return asks_neighbours ? config.model.neighbours + 2 : 2;
}

bool starts_from_knowledge(const Config& config) {
  return config.method == Method::corrected || config.method == Method::confident_learning ||
         (config.method == Method::lanet && config.model.recipe == Recipe::robust);
}

DataSource data_source(const DataConfig& data) {
  return {.root = data.root,
          .labels = data.labels,
          .classes = data.classes,
          .validation = data.validation};
}

void check_trainable(const Config& config, const std::string& file) {
  if (reads_landmarks(config) && config.data.landmarks.empty() && !may_have_landmarks(config.data))
    fail(file, "data.landmarks",
         fmt::format("null; expected a landmark file, which method {} trains with (baseline needs "
                     "none)",
                     name_of(config.method)));
}

}  // namespace lanet
