// How the help and the refusals of the command line speak of an option's value.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "core/error.h"

namespace lanet {

/// A number from `least` to `most`.
template <typename T>
CLI::Validator in_range(T least, T most) {
  return CLI::Validator(
      [least, most](const std::string& word) {
        T value{};
        if (CLI::detail::lexical_cast(word, value) && value >= least && value <= most)
          return std::string();
        return fmt::format("'{}'; expected a {}number from {} to {}", word,
                           std::is_integral_v<T> ? "whole " : "", least, most);
      },
      fmt::format("{} to {}", least, most));
}

/// A number above 0 or, with `zero`, of 0 or more.
CLI::Validator positive_number(bool zero = false);

/// The value as the help names it: the words that it may be, N for a number, TEXT for others.
std::string value_name(const CLI::Option& option);
/// The description, with the numbers that are allowed.
std::string described(const CLI::Option& option);

/// The library's pages of help in these words.
class HelpFormatter : public CLI::Formatter {
 public:
  std::string make_option_name(const CLI::Option* option, bool positional) const override;
  std::string make_option_opts(const CLI::Option* option) const override;
  std::string make_option_desc(const CLI::Option* option) const override;
};

/// What is wrong with a command line, in one line. command: the one that was given.
std::string refusal(const CLI::ParseError& error, const CLI::App& command);

}  // namespace lanet
