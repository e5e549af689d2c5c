#include "train/config/strict_json.h"

#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "core/error.h"

namespace lanet {

using nlohmann::json;

namespace {
constexpr int kDeepest = 32;
}

json read_strict_json(const std::filesystem::path& file, const std::string& what) {
  if (std::filesystem::is_directory(file))
    throw InputError(fmt::format("{}: a folder; expected a {}", file.string(), what));
  std::ifstream in(file, std::ios::binary);
  if (!in)
    throw InputError(
        fmt::format("{}: cannot be opened; expected a {} (JSON)", file.string(), what));
  std::vector<std::set<std::string>> keys;
  auto reject = [&](int depth, json::parse_event_t event, json& parsed) {
    if (depth > kDeepest)
      throw InputError(
          fmt::format("{}: values are nested more than {} deep", file.string(), kDeepest));
    if (event == json::parse_event_t::object_start) keys.emplace_back();
    if (event == json::parse_event_t::object_end) keys.pop_back();
    if (event == json::parse_event_t::key && !keys.back().insert(parsed.get<std::string>()).second)
      throw InputError(fmt::format("{}: {}: this key occurs twice in one object", file.string(),
                                   printable(parsed.get<std::string>())));
    return true;
  };
  try {
    return json::parse(in, reject);
  } catch (const json::exception& error) {
    // "[json.exception.parse_error.101] parse error at line 3, column 5: …"
    const std::string text = error.what();
    throw InputError(
        fmt::format("{}: not JSON: {}", file.string(), text.substr(text.find(' ') + 1)));
  }
}

std::string shown(const json& value) {
  if (value.is_object()) return "an object";
  if (value.is_array()) return "an array";
  std::string text = value.dump(-1, ' ', false, json::error_handler_t::replace);
  if (text.size() > 80) text = text.substr(0, 77) + "...";
  return text;
}

}  // namespace lanet
