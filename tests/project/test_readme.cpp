// The examples of README.md, of the guides beside it and of --help are commands that exist, with
// options that exist.
#include <unistd.h>

#include <map>
#include <set>
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

/// The documents with examples, and how many lines of them each has at least.
const std::map<std::string, size_t> kGuides = {
    {"README.md", 8},           {"CONTRIBUTING.md", 8},    {"docs/training.md", 10},
    {"docs/gpu.md", 6},         {"docs/benchmarks.md", 8}, {"docs/distributed.md", 8},
    {"docs/performance.md", 4}, {"docs/results.md", 2},    {"docs/pictures.md", 2},
    {"docs/audit.md", 4},       {"docs/packages.md", 2},   {"docs/library.md", 2}};

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
  return (has("doctor") && !has("--config")) || has("synth") ||
         (has("roofline") && !has("--steps")) || (has("scaling") && !has("--measure"));
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
  for (const std::string& config :
       {parsed.train.config, parsed.eval.data_config, parsed.data.config, parsed.align.config}) {
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

/// Whether a folder holds a file of this name, at any depth.
bool holds(const fs::path& folder, const std::string& name) {
  const fs::recursive_directory_iterator files(folder);
  return std::any_of(begin(files), end(files),
                     [&](const auto& entry) { return entry.path().filename() == name; });
}

/// A call of cmake, ctest or cpack names a preset that exists, or installs from its folder.
void check_preset(const Words& words) {
  const auto option = std::find_if(words.begin(), words.end(), [](const std::string& word) {
    return word == "--preset" || word == "--install";
  });
  REQUIRE(words.end() - option >= 2);
  const std::string name = "\"name\": \"" + fs::path(option[1]).filename().string() + "\"";
  CHECK(read_text(kRoot / "CMakePresets.json").find(name) != std::string::npos);
}

/// The program of the tests: what it is told to run exists.
void check_test_run(const Words& words) {
  for (const std::string& word : words) {
    const size_t name = word.find("/test_");  // --source-file='*/test_pool.cpp'
    if (name != std::string::npos)
      CHECK(holds(kRoot / "tests", word.substr(name + 1, word.find('\'', name) - name - 1)));
  }
}

/// Fails the test if something is wrong with an example.
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
      const std::string script = (kRoot / program).string();
      const std::string shell = read_text(script).starts_with("#!/bin/bash") ? "bash" : "sh";
      CHECK(std::system((shell + " -n " + script).c_str()) == 0);
    } else if (program.starts_with("bench/") || program.starts_with("tests/")) {
      CHECK(access((kRoot / program).c_str(), X_OK) == 0);
      check_options(words);
    } else if (program == "build/cpu/tests/lanet-tests" ||
               program == "build/cpu/tests/simt/simt-plain") {
      check_test_run(words);
    } else if (program == "cmake" || program == "ctest" || program == "cpack") {
      check_preset(words);
    } else {
      FAIL_CHECK("neither the program, nor a script, nor its tests, nor cmake");
    }
  }
}

}  // namespace

TEST_CASE("readme: every example is a command of the program, a script or a preset") {
  for (const auto& [name, least] : kGuides) {
    const std::string& file = name;  // clang's CAPTURE takes no structured binding
    CAPTURE(file);
    const Words lines = shell_lines(read_text(kRoot / file));
    CHECK(lines.size() >= least);
    for (const std::string& line : lines) check_line(line);
  }
}

TEST_CASE("readme: every guide with examples is checked") {
  for (const auto& entry : fs::directory_iterator(kRoot / "docs")) {
    if (entry.path().extension() != ".md") continue;
    const std::string name = "docs/" + entry.path().filename().string();
    CAPTURE(name);
    CHECK((shell_lines(read_text(entry.path())).empty() || kGuides.contains(name)));
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
  std::set<std::string> quick;  // two guides may have the same example
  for (const auto& [file, least] : kGuides)
    for (const std::string& line : shell_lines(read_text(kRoot / file)))
      for (const Words& words : commands_of(line)) {
        if (!is_program(words[0]) || !is_quick(words)) continue;
        std::string arguments;
        for (size_t i = 1; i < words.size(); ++i) arguments += " " + words[i];
        quick.insert(arguments);
      }
  CHECK(quick.size() >= 5);
  const TemporaryFolder folder;
  for (const std::string& arguments : quick) {
    CAPTURE(arguments);
    const std::string command = "cd " + folder.path().string() + " && " + program() + arguments;
    CHECK(std::system((command + " >/dev/null 2>&1").c_str()) == 0);
  }
}

TEST_CASE("readme: every example in the program's own help is one of its commands") {
  for (const char* command : {"",           "train",          "experiment",    "eval",
                              "predict",    "verify",         "bench",         "bench kernels",
                              "bench step", "bench roofline", "bench scaling", "bench compare",
                              "inspect",    "data",           "noise",         "audit",
                              "synth",      "align",          "export",        "report",
                              "plot",       "doctor",         "completion",    "man"}) {
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
