// The examples of README.md, docs/distributed.md and of --help are commands that exist, with
// options that exist.
#include <unistd.h>

#include <map>
#include <sstream>

#include "core/library_versions.h"
#include "tests/program.h"
#include "tests/train/parsed_command.h"
#include "train/config/config.h"
#include "train/experiment/plan.h"

namespace lanet::test {
namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

const fs::path kRoot = tests_folder().parent_path();

bool is_program(const std::string& word) {
  return word == "lanet-cuda" || word == "build/cpu/lanet-cuda" || word == "build/cuda/lanet-cuda";
}

/// The commands of a shell line: words up to a comment, cut at &&, without variables in front or
/// what starts several processes.
std::vector<Words> commands_of(const std::string& line) {
  std::vector<Words> commands(1);
  std::istringstream in(line);
  for (std::string word; in >> word;) {
    const bool first = commands.back().empty();
    if (word.starts_with("#")) break;
    if (word == "&&")
      commands.emplace_back();
    else if (!first || word.find('=') == std::string::npos)
      commands.back().push_back(word);
  }
  std::erase_if(commands, [](const Words& words) { return words.empty(); });
  for (Words& words : commands) {
    const auto program = std::find_if(words.begin(), words.end(), is_program);
    const bool launched = words[0] == "mpirun" || words[0] == "srun" || words[0] == "torchrun";
    if (launched && program != words.end()) words.erase(words.begin(), program);
  }
  return commands;
}

/// The lines of the ```sh blocks of a text.
Words shell_lines(const std::string& markdown) {
  Words lines;
  bool inside = false;
  std::istringstream in(markdown);
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("```"))
      inside = line == "```sh";
    else if (inside && !line.empty())
      lines.push_back(line);
  }
  return lines;
}

bool is_quick(const Words& words) {
  const auto has = [&](const char* word) {
    return std::find(words.begin(), words.end(), word) != words.end();
  };
  return has("doctor") || has("synth") || (has("roofline") && !has("--steps")) ||
         (has("scaling") && !has("--measure"));
}

Parsed parse(const Words& words) {
  std::vector<const char*> arguments;
  for (size_t i = 1; i < words.size(); ++i) arguments.push_back(words[i].c_str());
  return Parsed(arguments);
}

/// Checks a call of the program; settings are laid over the configuration it names.
void check_call(const Words& words) {
  const Parsed parsed = parse(words);
  CHECK(parsed.code == 0);
  for (const std::string& config : {parsed.train.config, parsed.eval.data_config}) {
    if (config.empty()) continue;
    CHECK(fs::exists(kRoot / config));
    CHECK_NOTHROW(load_config(kRoot / config, parsed.train.overrides));
  }
  if (const ExperimentOptions& experiment = parsed.experiment; !experiment.plan.empty())
    CHECK_NOTHROW(load_plan(kRoot / experiment.plan, experiment.overrides));
}

/// Every option of a call of a Python script is in its own help.
void check_options(const Words& words) {
  if (std::system("command -v python3 >/dev/null 2>&1") != 0) return;
  const TemporaryFolder folder;
  const std::string help = (folder.path() / "help").string();
  const std::string command = "PYTHONDONTWRITEBYTECODE=1 " + (kRoot / words[0]).string();
  REQUIRE(std::system((command + " --help >" + help).c_str()) == 0);
  const std::string text = read_text(help);
  for (const std::string& word : words) {
    CAPTURE(word);
    if (word.starts_with("--")) CHECK(text.find("  " + word + " ") != std::string::npos);
  }
}

/// What is wrong with a line of the README; fails the test.
void check_line(const std::string& line) {
  CAPTURE(line);
  for (const Words& words : commands_of(line)) {
    const std::string& program = words[0];
    if (is_program(program)) {
      check_call(words);
      for (const std::string& word : words)
        if (word.starts_with("tests/")) CHECK(fs::exists(kRoot / word));
    } else if (program.starts_with("scripts/")) {
      CHECK(access((kRoot / program).c_str(), X_OK) == 0);
      CHECK(std::system(("sh -n " + (kRoot / program).string()).c_str()) == 0);
    } else if (program.starts_with("bench/")) {
      CHECK(access((kRoot / program).c_str(), X_OK) == 0);
      check_options(words);
    } else if (program == "cmake") {
      const std::string name = "\"name\": \"" + words.back() + "\"";
      CHECK(words[words.size() - 2] == "--preset");
      CHECK(read_text(kRoot / "CMakePresets.json").find(name) != std::string::npos);
    } else {
      FAIL_CHECK("neither the program, nor a script, nor cmake");
    }
  }
}

}  // namespace

TEST_CASE("readme: every example is a command of the program, a script or a preset") {
  for (const char* file : {"README.md", "docs/distributed.md"}) {
    const Words lines = shell_lines(read_text(kRoot / file));
    CHECK(lines.size() >= 8);
    for (const std::string& line : lines) check_line(line);
  }
}

TEST_CASE("readme: the oldest versions of NVIDIA's libraries are those that the program asks for") {
  // Rows of "With CUDA": | what | for | oldest | tried with | licence |
  std::map<std::string, std::string> oldest;
  std::istringstream in(read_text(kRoot / "third_party/README.md"));
  bool inside = false;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("| what | for | oldest |")) inside = true;
    if (!line.starts_with("|")) inside = false;
    if (!inside) continue;
    std::istringstream cells(line.substr(1));
    std::string what, use, version;
    std::getline(cells, what, '|');
    std::getline(cells, use, '|');
    std::getline(cells, version, '|');
    for (const OldestVersion& library : kOldestVersions)
      if (what.find(std::string(" ") + library.library + " ") != std::string::npos)
        oldest[library.library] = version;
  }
  for (const OldestVersion& library : kOldestVersions) {
    CAPTURE(std::string(library.library));
    CHECK(oldest[library.library] == std::string(" ") + library.version + " ");
  }
}

TEST_CASE("readme: wrong options, settings, commands and files are noticed") {
  auto parses = [](const std::string& line) { return parse(commands_of(line).at(0)).code == 0; };
  CHECK(parses("OMP_WAIT_POLICY=passive lanet-cuda bench step --image 64  # with a comment"));
  CHECK_FALSE(parses("lanet-cuda bench step --images 64"));
  CHECK_FALSE(parses("lanet-cuda evaluate runs/raf-1"));
  CHECK_THROWS_AS(load_config(kRoot / "configs/raf.json", {"data.noise=0.3"}), InputError);
}

TEST_CASE("readme: the quick ones of its examples run") {
  const TemporaryFolder folder;
  int ran = 0;
  for (const std::string& line : shell_lines(read_text(kRoot / "README.md"))) {
    for (const Words& words : commands_of(line)) {
      if (!is_program(words[0]) || !is_quick(words)) continue;
      std::string command = "cd " + folder.path().string() + " && " + program();
      for (size_t i = 1; i < words.size(); ++i) command += " " + words[i];
      CAPTURE(command);
      CHECK(std::system((command + " >/dev/null 2>&1").c_str()) == 0);
      ++ran;
    }
  }
  CHECK(ran >= 3);
}

TEST_CASE("readme: every example in the program's own help is one of its commands") {
  for (const char* command :
       {"", "train", "experiment", "eval", "predict", "verify", "bench", "bench kernels",
        "bench step", "bench roofline", "bench scaling", "bench compare", "synth", "doctor"}) {
    std::istringstream help(run(std::string(command) + " --help").out);
    int examples = 0;
    for (std::string line; std::getline(help, line);) {
      CAPTURE(line);
      for (const Words& words : commands_of(line)) {
        if (!line.starts_with("  ") || words[0] != "lanet-cuda") continue;
        check_call(words);
        ++examples;
      }
    }
    CAPTURE(command);
    CHECK(examples > 0);
  }
}

}  // namespace lanet::test
