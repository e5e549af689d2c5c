// What shells and man know of the command line, made from the command line itself.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "train/config/choices.h"

namespace lanet {

enum class Shell { bash, zsh, fish };
template <>
inline constexpr auto kNames<Shell> = std::to_array<std::string_view>({"bash", "zsh", "fish"});

/// A script that completes commands, options and, where they are few, an option's values; files
/// otherwise.
std::string completion_script(const CLI::App& app, Shell shell);

/// The manual page, in the macros of man(7). version: as "0.1.0".
std::string manual_page(const CLI::App& app, const std::string& version);

}  // namespace lanet
