#include "train/config/strict_json.h"

#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/files/document.h"
#include "core/files/json_text.h"

namespace lanet {

using nlohmann::json;

json read_strict_json(const std::filesystem::path& file, const std::string& what) {
  constexpr size_t kLargest = 16 << 20;  // bytes
  std::error_code error;
  const auto type = std::filesystem::status(file, error).type();
  if (type == std::filesystem::file_type::directory)
    throw InputError(fmt::format("{}: a folder; expected a {}", file.string(), what));
  if (type != std::filesystem::file_type::regular)
    throw InputError(fmt::format("{}: {}; expected a {} (JSON)", file.string(),
                                 type == std::filesystem::file_type::not_found ? "no such file"
                                 : error                                       ? error.message()
                                                                               : "not a file",
                                 what));
  return parse_json(file.string(), read_document(file, kLargest));
}

std::string shown(const json& value) {
  if (value.is_object()) return "an object";
  if (value.is_array()) return "an array";
  std::string text = value.dump(-1, ' ', false, json::error_handler_t::replace);
  if (text.size() > 80) text = text.substr(0, 77) + "...";
  return text;
}

}  // namespace lanet
