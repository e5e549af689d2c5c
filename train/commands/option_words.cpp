#include "train/commands/option_words.h"

namespace lanet {
namespace {

/// What a validator says of the value, such as "auto|cpu|cuda" or "0 to 4096"; "" without one.
std::string allowed(const CLI::Option& option) {
  const std::string type = option.get_type_name();  // such as INT:0 to 4096
  const size_t colon = type.find(':');
  return colon == std::string::npos ? "" : type.substr(colon + 1);
}

bool is_choice(const std::string& allowed_values) {
  return allowed_values.find('|') != std::string::npos;
}

}  // namespace

CLI::Validator positive_number(bool zero) {
  return CLI::Validator(
      [zero](const std::string& word) {
        double value = -1;
        if (CLI::detail::lexical_cast(word, value) && (zero ? value >= 0 : value > 0))
          return std::string();
        return fmt::format("'{}'; expected a number {}", word, zero ? "of 0 or more" : "above 0");
      },
      zero ? "0 or more" : "above 0");
}

std::string value_name(const CLI::Option& option) {
  const std::string values = allowed(option), type = option.get_type_name();
  if (is_choice(values)) return values;
  return type.starts_with("INT") || type.starts_with("UINT") || type.starts_with("FLOAT") ||
                 !values.empty()
             ? "N"
             : type;
}

std::string described(const CLI::Option& option) {
  const std::string values = allowed(option);
  if (values.empty() || is_choice(values)) return option.get_description();
  return fmt::format("{} ({})", option.get_description(), values);
}

std::string HelpFormatter::make_option_name(const CLI::Option* option, bool positional) const {
  std::string name = CLI::Formatter::make_option_name(option, positional);
  const std::string negated = "{false}";  // how the library marks a flag that turns something off
  if (const size_t at = name.find(negated); at != std::string::npos) name.erase(at, negated.size());
  return name;
}

std::string HelpFormatter::make_option_opts(const CLI::Option* option) const {
  std::string text = CLI::Formatter::make_option_opts(option);
  const std::string type = option->get_type_name();
  if (const size_t at = text.find(type); !type.empty() && at != std::string::npos)
    text.replace(at, type.size(), value_name(*option));
  return text;
}

std::string HelpFormatter::make_option_desc(const CLI::Option* option) const {
  return described(*option);
}

std::string refusal(const CLI::ParseError& error, const CLI::App& command) {
  const std::string text = error.what();
  if (dynamic_cast<const CLI::RequiredError*>(&error)) {
    const std::string name = text.substr(0, text.find(' '));  // "CONFIG is required"
    if (const CLI::Option* option = command.get_option_no_throw(name))
      return fmt::format("{}: {} is missing: {}", command.get_name(), name, described(*option));
  }
  if (dynamic_cast<const CLI::ArgumentMismatch*>(&error)) {
    const std::string name = text.substr(0, text.find(':'));  // "--seed: 1 required INT missing"
    const CLI::Option* option = command.get_option_no_throw(name);
    if (option && text.ends_with("missing"))
      return fmt::format("{}: {} has no value: {}", command.get_name(), name, described(*option));
    if (option && text.find("At Most") != std::string::npos)
      return fmt::format("{}: {} has too many values: {}", command.get_name(), name,
                         described(*option));
  }
  return text;
}

}  // namespace lanet
