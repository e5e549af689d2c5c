// Texts from outside, such as the names of files, on a terminal and in JSON.
#pragma once

#include <string>
#include <string_view>

namespace lanet {

/// Whether a text is UTF-8, in which every character has its shortest form.
bool is_utf8(std::string_view text);

/// A text as a terminal can show it: control characters and bytes that are not UTF-8 become \x1B,
/// characters that are invisible, look like a space or turn the direction of writing become
/// \u00A0. What is visible stays, in UTF-8.
std::string escaped(std::string_view text);

}  // namespace lanet
