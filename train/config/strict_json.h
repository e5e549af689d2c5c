// JSON files that a person writes: read strictly, with errors that name the file.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace lanet {

/// Reads a file that must have no comments, no duplicate keys and no values nested over 32 deep.
/// InputError, one line, in which `what` is what the file should be: "configuration file".
nlohmann::json read_strict_json(const std::filesystem::path& file, const std::string& what);

/// A value as a message shows it: long ones are cut, objects and arrays only named.
std::string shown(const nlohmann::json& value);

}  // namespace lanet
