#include "train/commands/command_docs.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <vector>

#include "train/commands/option_words.h"

namespace lanet {

namespace {

std::vector<const CLI::App*> commands_of(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App*) { return true; });
}

/// A command and how it is called, such as "bench step".
struct Command {
  const CLI::App* app;
  std::string words;
};

/// All commands, those that have commands below them before these.
void add_commands(const CLI::App& app, const std::string& above, std::vector<Command>& all) {
  for (const CLI::App* command : commands_of(app)) {
    all.push_back({command, above + command->get_name()});
    add_commands(*command, all.back().words + " ", all);
  }
}

std::vector<Command> all_commands(const CLI::App& app) {
  std::vector<Command> all;
  add_commands(app, "", all);
  return all;
}

/// Options by name, without arguments that have a place.
std::vector<const CLI::Option*> options_of(const CLI::App& command) {
  std::vector<const CLI::Option*> options;
  for (const CLI::Option* option : command.get_options())
    if (!option->get_lnames().empty()) options.push_back(option);
  return options;
}

bool takes_value(const CLI::Option& option) {
  return option.get_items_expected_max() > 0;
}

/// The words that an option may be given, if it is a choice among words (one_of()).
std::vector<std::string> choices_of(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  const size_t colon = type.find(':');
  std::vector<std::string> words;
  if (colon == std::string::npos || type.find('|') == std::string::npos) return words;
  std::string word;
  for (const char c : type.substr(colon + 1) + "|") {
    if (c != '|') {
      word += c;
      continue;
    }
    words.push_back(std::exchange(word, ""));
  }
  return words;
}

/// The words that may follow a command: the commands below it, and its options.
std::string words_after(const CLI::App& command) {
  std::vector<std::string> words;
  for (const CLI::App* below : commands_of(command)) words.push_back(below->get_name());
  for (const CLI::Option* option : options_of(command))
    words.push_back("--" + option->get_lnames().front());
  return fmt::format("{}", fmt::join(words, " "));
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
  return text;
}

std::string bash_script(const CLI::App& app) {
  std::string values, words = fmt::format("    '') words='{}' ;;\n", words_after(app));
  std::string parents;
  for (const Command& command : all_commands(app)) {
    words += fmt::format("    '{}') words='{}' ;;\n", command.words, words_after(*command.app));
    if (!commands_of(*command.app).empty())
      parents += fmt::format("      '{0}') command=\"{0} ${{COMP_WORDS[i]}}\" ;;\n", command.words);
    for (const CLI::Option* option : options_of(*command.app)) {
      const std::vector<std::string> choices = choices_of(*option);
      if (!choices.empty())
        values += fmt::format("    '{} --{}') words='{}' ;;\n", command.words,
                              option->get_lnames().front(), fmt::join(choices, " "));
      else if (takes_value(*option))
        values +=
            fmt::format("    '{} --{}') return ;;\n", command.words, option->get_lnames().front());
    }
  }
  return fmt::format(R"(# bash completion for lanet-cuda, made by `lanet-cuda completion bash`
_lanet_cuda() {{
  local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD - 1]}} command='' words='' i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case ${{COMP_WORDS[i]}} in -*) break ;; esac
    case $command in
      '') command=${{COMP_WORDS[i]}} ;;
{}      *) break ;;
    esac
  done
  case "$command $before" in
{}    *) case $command in
{}    esac ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}}
complete -o default -F _lanet_cuda lanet-cuda
)",
                     parents, values, words);
}

/// A description in a zsh specification inside single quotes.
std::string zsh_text(std::string text) {
  for (const char* c : {"\\", "[", "]", ":"}) text = replaced(text, c, std::string("\\") + c);
  return replaced(replaced(text, "\n", " "), "'", "'\\''");
}

std::string zsh_options(const CLI::App& command, const std::string& indent) {
  std::string text;
  for (const CLI::Option* option : options_of(command)) {
    const std::vector<std::string> choices = choices_of(*option);
    std::string value;
    if (!choices.empty())
      value = fmt::format(":value:({})", fmt::join(choices, " "));
    else if (takes_value(*option))
      value = ":value:_files";
    text += fmt::format(" \\\n{}'*--{}[{}]{}'", indent, option->get_lnames().front(),
                        zsh_text(option->get_description()), value);
  }
  return text + fmt::format(" \\\n{}'*:file:_files'", indent);
}

/// A function that completes a command and, in functions of their own, those below it.
std::string zsh_function(const CLI::App& command, const std::string& name) {
  const std::vector<const CLI::App*> below = commands_of(command);
  if (below.empty())
    return fmt::format("{}() {{\n  _arguments{}\n}}\n", name, zsh_options(command, "    "));
  std::string functions, names, cases;
  for (const CLI::App* one : below) {
    const std::string function = fmt::format("{}_{}", name, replaced(one->get_name(), "-", "_"));
    functions += zsh_function(*one, function);
    names += fmt::format("    '{}:{}'\n", one->get_name(), zsh_text(one->get_description()));
    cases += fmt::format("    {}) {} ;;\n", one->get_name(), function);
  }
  return functions + fmt::format(R"({}() {{
  local -a commands=(
{}  )
  if ((CURRENT == 2)); then
    _describe command commands
    return
  fi
  shift words
  ((CURRENT--))
  case $words[1] in
{}  esac
}}
)",
                                 name, names, cases);
}

std::string zsh_script(const CLI::App& app) {
  return "#compdef lanet-cuda\n# made by `lanet-cuda completion zsh`\n" +
         zsh_function(app, "_lanet_cuda") + "_lanet_cuda \"$@\"\n";
}

std::string fish_text(std::string text) {
  return replaced(replaced(replaced(text, "\n", " "), "\\", "\\\\"), "'", "\\'");
}

std::string fish_script(const CLI::App& app) {
  std::string text = "# fish completion for lanet-cuda, made by `lanet-cuda completion fish`\n";
  auto add_names = [&](const CLI::App& of, const std::string& condition) {
    for (const CLI::App* command : commands_of(of))
      text += fmt::format("complete -c lanet-cuda -n '{}' -f -a {} -d '{}'\n", condition,
                          command->get_name(), fish_text(command->get_description()));
  };
  add_names(app, "__fish_use_subcommand");
  for (const Command& command : all_commands(app)) {
    std::string condition;
    for (const std::string& word : CLI::detail::split(command.words, ' '))
      condition +=
          fmt::format("{}__fish_seen_subcommand_from {}", condition.empty() ? "" : "; and ", word);
    add_names(*command.app, condition);
    for (const CLI::Option* option : options_of(*command.app)) {
      const std::vector<std::string> choices = choices_of(*option);
      std::string value = takes_value(*option) ? " -r" : "";
      if (!choices.empty()) value = fmt::format(" -x -a '{}'", fmt::join(choices, " "));
      text +=
          fmt::format("complete -c lanet-cuda -n '{}' -l {}{} -d '{}'\n", condition,
                      option->get_lnames().front(), value, fish_text(option->get_description()));
    }
  }
  return text;
}

/// Text that roff prints as it stands.
std::string roff(const std::string& text) {
  std::string escaped;
  for (const std::string& line : CLI::detail::split(text, '\n')) {
    if (line.starts_with('.') || line.starts_with('\'')) escaped += "\\&";
    for (const char c : line) {
      if (c == '\\')
        escaped += "\\e";
      else if (c == '-')
        escaped += "\\-";
      else
        escaped += c;
    }
    escaped += '\n';
  }
  return escaped;
}

/// How a command is called: its name, [OPTIONS] and the arguments that have a place.
std::string usage_of(const Command& command) {
  std::string text = "lanet-cuda " + command.words;
  if (!commands_of(*command.app).empty()) return text + " COMMAND";
  for (const CLI::Option* option : command.app->get_options()) {
    if (!option->get_positional()) continue;
    const std::string name =
        option->get_name(/*positional=*/true) + (option->get_items_expected_max() > 1 ? "..." : "");
    text += option->get_required() ? " " + name : " [" + name + "]";
  }
  return text + " [OPTIONS]";
}

std::string option_entry(const CLI::Option& option) {
  std::string names = "--" + option.get_lnames().front();
  if (!option.get_snames().empty()) names = "-" + option.get_snames().front() + ", " + names;
  std::string value;
  if (takes_value(option)) value = " " + value_name(option);
  if (takes_value(option) && !option.get_default_str().empty())
    value += fmt::format(" [{}]", option.get_default_str());
  return fmt::format(".TP\n.B {}{}", roff(names + value), roff(described(option)));
}

}  // namespace

std::string completion_script(const CLI::App& app, Shell shell) {
  switch (shell) {
    case Shell::bash:
      return bash_script(app);
    case Shell::zsh:
      return zsh_script(app);
    case Shell::fish:
      return fish_script(app);
  }
  return "";
}

std::string manual_page(const CLI::App& app, const std::string& version) {
  std::string page = fmt::format(
      ".TH LANET\\-CUDA 1 \"\" \"lanet\\-cuda {}\" \"User Commands\"\n.SH NAME\nlanet\\-cuda \\- "
      "train classifiers of facial expressions on wrong labels\n.SH SYNOPSIS\n.B lanet\\-cuda\n"
      ".I COMMAND\n[OPTIONS]\n.SH DESCRIPTION\n{}.PP\n.EX\n{}.EE\n.SH COMMANDS\n",
      version, roff(app.get_description()), roff(app.get_footer()));
  for (const Command& command : all_commands(app)) {
    page += fmt::format(".SS {}{}", roff(usage_of(command)),
                        roff(command.app->get_description() + "."));
    for (const CLI::Option* option : command.app->get_options())
      if (option->get_positional())
        page += fmt::format(".TP\n.I {}{}", roff(option->get_name(/*positional=*/true)),
                            roff(option->get_description()));
    for (const CLI::Option* option : options_of(*command.app)) page += option_entry(*option);
    page += fmt::format(".PP\n.EX\n{}.EE\n", roff(command.app->get_footer()));
  }
  return page +
         ".SH EXIT STATUS\n0 if it is done, 1 if it failed, 2 if the input or the usage is "
         "wrong.\n";
}

}  // namespace lanet
