// The program as a user meets it: what it prints where, and its exit codes.
#include <sys/wait.h>

#include <nlohmann/json.hpp>

#include "tests/temporary_folder.h"

namespace lanet::test {
namespace {

struct Outcome {
  int code;
  std::string out, err;
};

/// Runs the program through the shell.
Outcome run(const std::string& arguments) {
  TemporaryFolder folder;
  const auto out = folder.path() / "out", err = folder.path() / "err";
  const std::string command =
      std::string(LANET_PROGRAM) + " " + arguments + " >" + out.string() + " 2>" + err.string();
  const int status = std::system(command.c_str());
  REQUIRE(WIFEXITED(status));
  return {WEXITSTATUS(status), read_file(out), read_file(err)};
}

/// Exit code 2, nothing on stdout, and one line on stderr, which holds `what`.
void check_refused(const std::string& arguments, const std::string& what) {
  const Outcome outcome = run(arguments);
  CAPTURE(arguments);
  CAPTURE(outcome.err);
  CHECK(outcome.code == 2);
  CHECK(outcome.out.empty());
  CHECK(std::count(outcome.err.begin(), outcome.err.end(), '\n') == 1);
  CHECK(outcome.err.ends_with("\n"));
  CHECK(outcome.err.find(what) != std::string::npos);
}

}  // namespace

TEST_CASE("cli: wrong usage is one line on stderr that names the nearest command or option") {
  check_refused("", "no command; expected one of");
  check_refused("doctro", "unknown command 'doctro'; did you mean 'doctor'?");
  check_refused("doctor --jsn", "doctor: unexpected '--jsn'; did you mean '--json'?");
  check_refused("doctor more", "doctor: unexpected 'more'");
  check_refused("--verison", "lanet-cuda: unexpected '--verison'; did you mean '--version'?");
}

TEST_CASE("cli: help and version go to stdout and end well") {
  for (const char* arguments : {"--help", "doctor --help", "--version"}) {
    const Outcome outcome = run(arguments);
    CHECK(outcome.code == 0);
    CHECK(outcome.out.find("lanet-cuda") != std::string::npos);
    CHECK(outcome.err.empty());
  }
}

TEST_CASE("cli: doctor says what the program consists of, as text and as one line of JSON") {
  const Outcome text = run("doctor");
  CHECK(text.code == 0);
  CHECK(text.out.find("nlohmann-json") != std::string::npos);
  const Outcome json = run("doctor --json");
  CHECK(json.code == 0);
  CHECK(std::count(json.out.begin(), json.out.end(), '\n') == 1);
  const auto report = nlohmann::json::parse(json.out);
  for (const char* key : {"program", "build", "libraries", "processor", "devices", "problems"})
    CHECK(report.contains(key));
  CHECK(report["processor"]["avx512"].is_boolean());
}

TEST_CASE("cli: synth draws into a new folder, keeps stdout clean and overwrites nothing") {
  TemporaryFolder folder;
  const std::string out = (folder.path() / "faces").string();
  const std::string arguments = "synth --out " + out + " --train 4 --test 2 --size 48";
  const Outcome outcome = run(arguments);
  CHECK(outcome.code == 0);
  CHECK(outcome.out.empty());
  CHECK(std::filesystem::exists(out + "/basic/EmoLabel/list_patition_label.txt"));
  check_refused(arguments, out);
}

}  // namespace lanet::test
