// The Python examples of docs/training.md. They run where python3 has the packages that they
// import.
#pragma once

#include <sstream>

#include "data/image.h"
#include "tests/train/trained_runs.h"

namespace lanet::test {

/// The example with this line.
inline std::string example_with(const std::string& line) {
  const std::string guide = read_text(tests_folder().parent_path() / "docs/training.md");
  const std::string begin = "```python\n";
  for (size_t at = guide.find(begin); at != std::string::npos; at = guide.find(begin, at)) {
    at += begin.size();
    const std::string example = guide.substr(at, guide.find("```", at) - at);
    if (example.find(line + "\n") != std::string::npos) return example;
  }
  return "";
}

/// The lines that import something.
inline std::string imports_of(const std::string& example) {
  std::istringstream in(example);
  std::string imports;
  for (std::string line; std::getline(in, line);)
    if (line.starts_with("import ") || line.starts_with("from ")) imports += line + "\n";
  return imports;
}

/// How to run Python scripts in `folder`, there, where python3 has what `example` imports; "", with
/// a message for ctest, where it does not.
inline std::string python_for(const std::string& example, const TemporaryFolder& folder,
                              const std::string& name) {
  folder.write("imports.py", imports_of(example));
  const std::string python =
      "cd " + folder.path().string() + " && PYTHONDONTWRITEBYTECODE=1 python3 ";
  const Outcome found = run_shell(python + "imports.py");
  if (found.code == 0) return python;
  const std::string reason = found.err.substr(found.err.rfind('\n', found.err.size() - 2) + 1);
  MESSAGE("SKIPPED: " << name << ": " << reason);
  return "";
}

/// Runs the example with this line where an exported run has this name and a picture that of the
/// example, in another size. It must print the probabilities of predict.
inline void check_example(const std::string& name, const std::string& line,
                          const std::string& options) {
  const std::string example = example_with(line);
  REQUIRE_FALSE(example.empty());
  const TemporaryFolder folder;
  const std::string python = python_for(example, folder, name);
  if (python.empty()) return;
  const trained::Runs& runs = trained::runs();
  const std::string picture = (folder.path() / "face.png").string();
  write_png(picture, resize_image(decode_image(runs.picture(1)), 90, 80));
  const Outcome exported =
      run("export " + runs.baseline() + " " + options + " " + folder.path().string() + "/" + name);
  CAPTURE(exported.err);
  REQUIRE(exported.code == 0);

  folder.write("example.py", example);
  const Outcome done = run_shell(python + "example.py");
  CAPTURE(done.err);
  REQUIRE(done.code == 0);
  std::string printed = done.out;  // a dictionary, which is JSON but for its quotes
  std::replace(printed.begin(), printed.end(), '\'', '"');
  const auto found = nlohmann::json::parse(printed);
  const auto expected =
      json_of("predict " + runs.baseline() + " --json " + picture)[0].at("probabilities");
  REQUIRE(found.size() == expected.size());
  for (const auto& [expression, probability] : expected.items())
    CHECK(std::abs(found.at(expression).get<double>() - probability.get<double>()) < 1e-4);
}

}  // namespace lanet::test
