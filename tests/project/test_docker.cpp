// The Dockerfiles, without Docker: what they copy and run is there.
#include <unistd.h>

#include <map>
#include <set>
#include <sstream>

#include "tests/program.h"

namespace lanet::test {
namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

const fs::path kRoot = tests_folder().parent_path();

Words words_of(const std::string& text) {
  std::istringstream in(text);
  Words words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

bool has_preset(const std::string& name) {
  return read_text(kRoot / "CMakePresets.json").find("\"name\": \"" + name + "\"") !=
         std::string::npos;
}

/// What is wrong with a Dockerfile, in words; empty: nothing was found. It is read as far as ours
/// go: one line for each instruction.
class Dockerfile {
 public:
  explicit Dockerfile(const std::string& text) {
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) {
      const Words words = words_of(line);
      if (words.empty() || words[0].starts_with("#")) continue;
      if (words[0] == "FROM")
        start_stage(words);
      else if (words[0] == "COPY")
        check_copy(words);
      else if (words[0] == "RUN")
        check_run(line.substr(4));
      else if (words[0] == "WORKDIR")
        folder_ = words.at(1);
      else if (words[0] != "ENTRYPOINT" && words[0] != "CMD" && words[0] != "ENV")
        complain("unknown instruction", words[0]);
    }
  }
  std::string problems;
  int commands = 0, copies = 0;
  std::set<std::string> bases;

 private:
  void complain(const std::string& what, const std::string& of) {
    problems += what + ": " + of + "\n";
  }
  void start_stage(const Words& words) {
    bases.insert(words.at(1));
    if (words.size() == 4) stage_ = words[3];
  }
  /// From the repository: a file or folder of it. From a stage: what one of its commands makes.
  void check_copy(const Words& words) {
    ++copies;
    const std::string from = "--from=";
    if (!words.at(1).starts_with(from)) {
      for (size_t i = 1; i + 1 < words.size(); ++i)
        if (!fs::exists(kRoot / words[i])) complain("not in the repository", words[i]);
      if (words.back() == "." && words.at(1) == ".") trees_.insert(stage_);
      return;
    }
    if (!trees_.contains(words[1].substr(from.size()))) complain("no such stage", words[1]);
    bool made = false;
    for (const std::string& place : made_) made |= words.at(2).starts_with(place);
    if (!made) complain("made by no command", words[2]);
  }
  void check_run(const std::string& line) {
    size_t begin = 0;
    while (begin < line.size()) {
      const size_t end = std::min(line.find("&&", begin), line.size());
      check_command(words_of(line.substr(begin, end - begin)));
      begin = end + 2;
    }
  }
  void check_command(const Words& words) {
    ++commands;
    const std::string& program = words.at(0);
    if (program.starts_with("scripts/")) {
      if (access((kRoot / program).c_str(), X_OK) != 0) complain("no such script", program);
      const std::string text = fs::exists(kRoot / program) ? read_text(kRoot / program) : "";
      for (size_t i = 1; i < words.size(); ++i)  // its usage has them
        if (text.find(words[i]) == std::string::npos)
          complain(program + " does not know", words[i]);
    } else if (program == "cmake" || program == "cpack") {
      const auto option = std::find_if(words.begin(), words.end(), [](const std::string& word) {
        return word == "--preset" || word == "--install";
      });
      const std::string name = words.end() - option < 2 ? "" : fs::path(option[1]).filename();
      if (!has_preset(name)) complain("no preset", words.back());
      made_.insert(folder_ + "/build/" + name + "/");
      if (words.size() == 5 && words[3] == "--prefix") made_.insert(words[4]);
    } else if (program != "apt-get" && program != "rm") {
      complain("unknown command", program);
    }
  }

  std::string stage_, folder_;
  std::set<std::string> trees_;  // stages with a copy of the repository
  std::set<std::string> made_;
};

}  // namespace

TEST_CASE("docker: what the Dockerfiles copy and run is there") {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(kRoot / "scripts/docker")) {
    const std::string name = entry.path().filename();
    CAPTURE(name);
    names.insert(name);
    const std::string text = read_text(entry.path());
    const Dockerfile file(text);
    CHECK(file.problems == "");
    CHECK(file.commands >= 2);
    CHECK(file.copies >= 2);
    CHECK(file.bases.size() == 2);
    // How it is built is in its own first lines, and in the guide.
    const std::string build = "git archive HEAD | docker build -f scripts/docker/" + name + " ";
    CHECK(text.find(build) != std::string::npos);
    CHECK(read_text(kRoot / "docs/packages.md").find(build) != std::string::npos);
  }
  CHECK(names == std::set<std::string>{"cpu.Dockerfile", "cuda.Dockerfile"});
}

TEST_CASE("docker: what setup installs for the program is enough for cpack") {
  // Where there is no dpkg-query, it lists what it would install.
  const Outcome outcome = run_shell("PATH= " + (kRoot / "scripts/setup").string() + " program");
  CAPTURE(outcome.err);
  REQUIRE(outcome.code == 0);
  const Words packages = words_of(outcome.err.substr(outcome.err.rfind(':') + 1));
  for (const char* needed : {"cmake", "file", "build-essential"})
    CHECK(std::count(packages.begin(), packages.end(), needed) == 1);
}

TEST_CASE("docker: what is not there is noticed") {
  const std::string start = "FROM debian:12 AS build\nWORKDIR /src\nCOPY . .\n";
  const auto problems = [&](const std::string& more) { return Dockerfile(start + more).problems; };
  CHECK(problems("RUN cmake --preset package\nFROM debian:12\n"
                 "COPY --from=build /src/build/package/a /a\n") == "");
  CHECK(problems("RUN scripts/set-up program\n") ==
        "no such script: scripts/set-up\n"
        "scripts/set-up does not know: program\n");
  CHECK(problems("RUN scripts/setup everything\n") == "scripts/setup does not know: everything\n");
  CHECK(problems("RUN cmake --preset packages\n") == "no preset: packages\n");
  CHECK(problems("RUN cmake --install build/releases --prefix /opt\n") == "no preset: /opt\n");
  CHECK(problems("RUN apt-get update && curl x\n") == "unknown command: curl\n");
  CHECK(problems("COPY nothing.txt .\n") == "not in the repository: nothing.txt\n");
  CHECK(problems("COPY --from=builder /src/a /a\n") ==
        "no such stage: --from=builder\nmade by no command: /src/a\n");
  CHECK(problems("USER me\n") == "unknown instruction: USER\n");
}

}  // namespace lanet::test
