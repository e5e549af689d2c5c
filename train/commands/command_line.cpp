#include "train/commands/command_line.h"

#include <algorithm>
#include <cstdio>
#include <memory>
#include <system_error>

#include "core/error.h"
#include "core/files/path_error.h"
#include "core/printable.h"
#include "core/standard_streams.h"
#include "train/commands/command_docs.h"
#include "train/commands/command_line_options.h"
#include "train/commands/option_words.h"
#include "train/config/config.h"
#include "train/config/config_fields.h"
#include "train/environment.h"

namespace lanet {

namespace {

std::string one_line(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

std::vector<std::string> names_of_commands(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; }))
    names.push_back(command->get_name());
  return names;
}

std::vector<std::string> names_of_options(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

/// What to write instead of an option that a command does not have.
std::string option_hint(const std::string& option, const CLI::App& command) {
  const std::vector<std::string> names = names_of_options(command);
  const std::string word = own_word(option.substr(option.find_first_not_of('-')));
  if (std::find(names.begin(), names.end(), "--set") != names.end())
    for (const Field& field : config_fields())
      if (field.path.substr(field.path.rfind('.') + 1) == word)
        return fmt::format("; the configuration has it: --set {}=…", field.path);
  return suggestion("--" + word, names);
}

/// The word that stands where a command is expected, if it is none.
void require_known_command(const CLI::App& app, const std::string& word) {
  const std::vector<std::string> names = names_of_commands(app);
  if (std::find(names.begin(), names.end(), word) == names.end())
    throw InputError(fmt::format("unknown command '{}'{} (commands are {})", word,
                                 suggestion(word, names), fmt::join(names, ", ")));
}

}  // namespace

CommandLine::CommandLine()
    : app_("LA-Net: facial expression recognition that withstands wrong labels.", "lanet-cuda") {
  app_.require_subcommand(1);
  app_.formatter(std::make_shared<HelpFormatter>());
  app_.set_version_flag("--version", [] { return "lanet-cuda " + program_version(); });
  app_.footer(
      "Examples:\n"
      "  lanet-cuda synth --out faces --train 6000 --test 2000\n"
      "  lanet-cuda train configs/demo.json --set data.root=faces --run runs/first\n"
      "  lanet-cuda eval runs/first\n"
      "  lanet-cuda predict runs/first face.jpg\n"
      "'lanet-cuda COMMAND --help' describes a command. Results go to stdout, messages to stderr.\n"
      "Exit codes: 0 done, 1 failed, 2 bad input or usage, 128 + n stopped by signal n.");
}

CLI::App& CommandLine::add_command(CLI::App& parent, const std::string& name,
                                   const std::string& description, const std::string& examples) {
  CLI::App& command = *parent.add_subcommand(name, description);
  command.footer("Examples:\n" + examples);
  return command;
}

void CommandLine::add_verify(std::function<int(const VerifyOptions&)> run) {
  auto options = std::make_shared<VerifyOptions>();
  CLI::App& command =
      add_command(app_, "verify", "Compare with numbers made by another implementation",
                  "  lanet-cuda verify step_resnet18.json components.json\n"
                  "  lanet-cuda verify step_resnet18.json --dtype bf16 --json");
  command.add_option("GOLDEN", options->files, "golden files (JSON)")->required();
  add_machine_options(command, options->device, options->dtype, options->threads);
  command.add_flag("--json", options->json, "one JSON object per file");
  command.callback([this, options, run] { chosen_ = [options, run] { return run(*options); }; });
}

void CommandLine::add_inspect(std::function<int(const InspectOptions&)> run) {
  auto options = std::make_shared<InspectOptions>();
  CLI::App& command = add_command(
      app_, "inspect", "List the tensors of a file of weights, and where each would load",
      "  lanet-cuda inspect resnet18.pth\n"
      "  lanet-cuda inspect runs/raf-1 --json\n\n"
      "Reads files of torch.save, old and new, pickles of NumPy arrays, and safetensors; no code "
      "in them is run.\nThe last lines say which backbones the file can start "
      "(model.pretrained), and why not the others.");
  command.add_option("FILE", options->file, "file of weights, or folder of a run")->required();
  command.add_flag("--json", options->json,
                   "one JSON object instead of a table, with a checksum of each tensor");
  command.callback([this, options, run] { chosen_ = [options, run] { return run(*options); }; });
}

void CommandLine::add_doctor(std::function<int(const DoctorOptions&)> run) {
  auto options = std::make_shared<DoctorOptions>();
  CLI::App& command =
      add_command(app_, "doctor", "Report what was built in, what it runs on and what is wrong",
                  "  lanet-cuda doctor\n"
                  "  lanet-cuda doctor --config configs/raf.json --set train.batch=256\n"
                  "  lanet-cuda doctor --json");
  CLI::Option* config = command.add_option("--config", options->config,
                                           "also say how much memory this training would take");
  add_set_option(command, options->overrides)->needs(config);
  command.add_flag("--json", options->json, "one JSON object instead of text");
  command.callback([this, options, run] { chosen_ = [options, run] { return run(*options); }; });
}

void CommandLine::add_completion() {
  const auto shell = std::make_shared<std::string>();
  CLI::App& completion = add_command(
      app_, "completion", "Print a script that completes this command line in a shell",
      "  lanet-cuda completion bash\n\n"
      "Save it as ~/.local/share/bash-completion/completions/lanet-cuda, as _lanet-cuda in a "
      "folder of\nzsh's $fpath, or as ~/.config/fish/completions/lanet-cuda.fish. The "
      "Debian package has all three.");
  completion.add_option("SHELL", *shell, "the shell")->required()->check(one_of<Shell>());
  completion.callback([this, shell] {
    chosen_ = [this, shell] {
      fmt::print("{}", completion_script(app_, choice_from<Shell>(*shell)));
      return 0;
    };
  });
  CLI::App& man = add_command(app_, "man", "Print the manual page",
                              "  lanet-cuda man\n\n"
                              "It is in the macros of man(7): pipe it to `man -l -` to read it.");
  man.callback([this] {
    chosen_ = [this] {
      fmt::print("{}", manual_page(app_, LANET_VERSION));
      return 0;
    };
  });
}

CLI::App& CommandLine::add_bench(const std::string& name, const std::string& description,
                                 const std::string& examples, std::function<int()> run) {
  if (!bench_) {
    bench_ = &add_command(app_, "bench", "Measure speed",
                          "  lanet-cuda bench step\n  lanet-cuda bench kernels --filter conv2d\n  "
                          "lanet-cuda bench roofline");
    bench_->require_subcommand(1);
  }
  CLI::App& command = add_command(*bench_, name, description, examples);
  command.callback([this, run] { chosen_ = run; });
  return command;
}

std::vector<std::string> CommandLine::words_without(const std::vector<std::string>& options) const {
  std::vector<std::string> words;
  for (size_t i = 0; i < words_.size(); ++i) {
    const std::string name = words_[i].substr(0, words_[i].find('='));
    if (std::find(options.begin(), options.end(), name) == options.end())
      words.push_back(words_[i]);
    else if (name == words_[i])
      ++i;  // its value
  }
  return words;
}

void CommandLine::parse(int argc, const char* const* argv) {
  words_.assign(argv + 1, argv + argc);
  const std::vector<std::string>& words = words_;
  if (words.empty())
    throw InputError(fmt::format("no command; expected one of {} (--help says more)",
                                 fmt::join(names_of_commands(app_), ", ")));
  if (!words[0].starts_with("-")) require_known_command(app_, words[0]);
  if (words[0] == "bench" && words.size() == 1)
    throw InputError(fmt::format("bench: no command; expected one of {}",
                                 fmt::join(names_of_commands(*bench_), ", ")));
  if (words[0] == "bench" && !words[1].starts_with("-")) require_known_command(*bench_, words[1]);
  try {
    app_.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) throw;
    const CLI::App* command = &app_;
    while (!command->get_subcommands().empty()) command = command->get_subcommands().front();
    const std::vector<std::string> extra = app_.remaining(/*recurse=*/true);
    if (extra.empty()) throw InputError(refusal(error, *command));
    const std::string word = extra.front().substr(0, extra.front().find('='));
    throw InputError(fmt::format("{}unexpected '{}'{}",
                                 command == &app_ ? "" : command->get_name() + ": ", word,
                                 word.starts_with("-") ? option_hint(word, *command) : ""));
  }
}

int CommandLine::run(int argc, const char* const* argv) {
  auto complain = [](const std::string& message, int code) {
    write_error(fmt::format("lanet-cuda: {}\n", escaped(one_line(message))));
    return code;
  };
  int code = 0;
  try {
    parse(argc, argv);
    code = chosen_();
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() != 0) return complain(error.what(), 2);
    app_.exit(error);  // --help, --version
  } catch (const InputError& error) {
    return complain(error.what(), 2);
  } catch (const std::filesystem::filesystem_error& error) {
    return complain(path_error(error), is_failed_disk(error) ? 1 : 2);
  } catch (const std::system_error& error) {
    if (std::ferror(stdout) == 0) return complain(error.what(), 1);
    return complain("stdout: cannot be written: " + error.code().message(), 1);
  } catch (const std::exception& error) {
    return complain(error.what(), 1);
  }
  try {
    finish_output();
    return code;
  } catch (const Error& error) {
    return complain(error.what(), 1);
  }
}

}  // namespace lanet
