// What shells and man know of the command line.
#include <fmt/format.h>

#include <sstream>

#include "tests/program.h"

namespace lanet::test {
namespace {

/// What bash proposes for the last of these words.
std::string proposed(const TemporaryFolder& folder, const std::string& words) {
  folder.write("try.sh", "source " + (folder.path() / "completion.sh").string() + "\n" +
                             "COMP_WORDS=(" + words + ")\n" +
                             "COMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n" +
                             "_lanet_cuda\necho \"${COMPREPLY[*]}\"\n");
  const Outcome outcome = run_shell("bash " + (folder.path() / "try.sh").string());
  CHECK(outcome.err.empty());
  return outcome.out.substr(0, outcome.out.find('\n'));
}

}  // namespace

TEST_CASE("completion: bash proposes commands, options, and values where they are few") {
  const TemporaryFolder folder;
  const Outcome script = run("completion bash");
  REQUIRE(script.code == 0);
  folder.write("completion.sh", script.out);
  CHECK(proposed(folder, "lanet-cuda ev") == "eval");
  CHECK(proposed(folder, "lanet-cuda bench s") == "step scaling");
  CHECK(proposed(folder, "lanet-cuda bench step --im") == "--image");
  CHECK(proposed(folder, "lanet-cuda eval --split t") == "test train");
  CHECK(proposed(folder, "lanet-cuda train raf.json --resume-") == "--resume-or-start");
  CHECK(proposed(folder, "lanet-cuda train --run x") == "");  // a file
  CHECK(proposed(folder, "lanet-cuda completion ''").find("--help") != std::string::npos);
}

TEST_CASE("completion: scripts for zsh and fish have every command and option") {
  std::istringstream bash(run("completion bash").out);
  const std::string zsh = run("completion zsh").out, fish = run("completion fish").out,
                    man = run("man").out;
  CHECK(zsh.starts_with("#compdef lanet-cuda\n"));
  int options = 0;
  for (std::string word; bash >> word;) {
    if (!word.starts_with("--") || word == "--" || word.find('\'') != std::string::npos) continue;
    ++options;
    CHECK(zsh.find("'*" + word + "[") != std::string::npos);
    CHECK(fish.find(" -l " + word.substr(2) + " ") != std::string::npos);
    std::string escaped;
    for (const char c : word) escaped += c == '-' ? std::string("\\-") : std::string(1, c);
    CHECK(man.find(escaped) != std::string::npos);
  }
  CHECK(options > 100);
  check_refused("completion tcsh", "'tcsh'; expected one of bash, zsh, fish");
  check_refused("completion", "SHELL");
}

TEST_CASE("man: the page has every command, and prints nothing that roff would take as its own") {
  const Outcome page = run("man");
  REQUIRE(page.code == 0);
  for (const char* name : {"train", "experiment", "predict", "bench step", "doctor", "man"})
    CHECK(page.out.find(fmt::format("\n.SS lanet\\-cuda {}", name)) != std::string::npos);
  std::istringstream lines(page.out);
  for (std::string line; std::getline(lines, line);) {
    CAPTURE(line);
    const std::string macro = line.substr(0, line.find(' '));
    if (line.starts_with('.'))
      CHECK((macro == ".TH" || macro == ".SH" || macro == ".SS" || macro == ".B" || macro == ".I" ||
             macro == ".TP" || macro == ".PP" || macro == ".EX" || macro == ".EE"));
    CHECK_FALSE(line.starts_with('\''));
  }
}

}  // namespace lanet::test
