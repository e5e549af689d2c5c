// JSON from files that others wrote.
#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace lanet {

/// The document that a text is, without comments. InputError, one line that begins with `source`:
/// it is not JSON, an object has a key twice, values are nested more than `deepest` deep. Takes a
/// time that is linear in the text.
nlohmann::json parse_json(const std::string& source, std::string_view text, size_t deepest = 32);

}  // namespace lanet
