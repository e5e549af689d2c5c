// What a user's mistake is answered with.
#pragma once

#include <string>
#include <string_view>

#include "core/error.h"

namespace lanet::test {

/// The message of the InputError (or E) that `action` throws; "" if it throws none.
template <typename E = InputError, typename F>
std::string input_error(F&& action) {
  try {
    action();
  } catch (const E& error) {
    return error.what();
  }
  return "";
}

/// True if `text` has `part` in it and is one line.
inline bool is_line_with(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos && text.find('\n') == std::string_view::npos;
}

}  // namespace lanet::test
