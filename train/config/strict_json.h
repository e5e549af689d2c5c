// JSON files that a person writes: read strictly, with errors that name the file.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace lanet {

/// Reads a file without comments and without a key that stands twice in one object. InputError, one
/// line; `what` it should have been: "configuration file".
nlohmann::json read_strict_json(const std::filesystem::path& file, const std::string& what);

/// A value as a message shows it: long ones are cut, objects and arrays only named.
std::string shown(const nlohmann::json& value);

}  // namespace lanet
