// The program as a process: what it prints where, and its exit codes.
#pragma once

#include <sys/wait.h>

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>

#include "core/files/file.h"
#include "tests/files.h"
#include "tests/temporary_folder.h"

namespace lanet::test {

struct Outcome {
  int code;
  std::string out, err;
};

/// Runs a command through the shell.
inline Outcome run_shell(const std::string& command) {
  TemporaryFolder folder;
  const auto out = folder.path() / "out", err = folder.path() / "err";
  const int status =
      std::system(("{ " + command + "; } >" + out.string() + " 2>" + err.string()).c_str());
  REQUIRE(WIFEXITED(status));
  return {WEXITSTATUS(status), read_text(out), read_text(err)};
}

/// Writes a script that can be run into a folder, mostly as a stand-in for another program.
inline void write_program(const TemporaryFolder& folder, const std::string& name,
                          const std::string& script) {
  std::filesystem::permissions(folder.write(name, script), std::filesystem::perms::owner_all);
}

/// Runs the program.
inline Outcome run(const std::string& arguments) {
  return run_shell(program() + " " + arguments);
}

/// What the program prints as one line of JSON.
inline nlohmann::json json_of(const std::string& arguments) {
  const Outcome outcome = run(arguments);
  CAPTURE(outcome.err);
  REQUIRE(outcome.code == 0);
  CHECK(std::count(outcome.out.begin(), outcome.out.end(), '\n') == 1);
  return nlohmann::json::parse(outcome.out);
}

/// The lines of stderr without those about the device, the build and the machine
/// (report_environment), which a command prints as soon as it has chosen its device.
inline std::string without_notes(std::string err) {
  while (err.starts_with("device: ") || err.starts_with("note: ")) err.erase(0, err.find('\n') + 1);
  return err;
}

/// Exit code 2, nothing on stdout, and one line on stderr after any notes, which holds `what`.
inline void check_refused(const std::string& arguments, const std::string& what) {
  const Outcome outcome = run(arguments);
  const std::string refusal = without_notes(outcome.err);
  CAPTURE(arguments);
  CAPTURE(outcome.err);
  CHECK(outcome.code == 2);
  CHECK(outcome.out.empty());
  CHECK(std::count(refusal.begin(), refusal.end(), '\n') == 1);
  CHECK(refusal.ends_with("\n"));
  CHECK(refusal.find(what) != std::string::npos);
}

}  // namespace lanet::test
