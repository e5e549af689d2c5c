// The Python examples of docs/training.md, "Using the network elsewhere", print the probabilities
// of predict. They run where python3 has the packages that they import.
#include <sstream>

#include "data/image.h"
#include "tests/train/trained_runs.h"

namespace lanet::test {
namespace {

/// The example with this line.
std::string example_with(const std::string& line) {
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
std::string imports_of(const std::string& example) {
  std::istringstream in(example);
  std::string imports;
  for (std::string line; std::getline(in, line);)
    if (line.starts_with("import ") || line.starts_with("from ")) imports += line + "\n";
  return imports;
}

/// Runs an example of this name on an exported run and a picture of another size.
void check_example(const std::string& name, const std::string& line, const std::string& options) {
  const std::string example = example_with(line);
  REQUIRE_FALSE(example.empty());
  const TemporaryFolder folder;
  folder.write("imports.py", imports_of(example));
  const std::string python =
      "cd " + folder.path().string() + " && PYTHONDONTWRITEBYTECODE=1 python3 ";
  if (const Outcome found = run_shell(python + "imports.py"); found.code != 0) {
    const std::string reason = found.err.substr(found.err.rfind('\n', found.err.size() - 2) + 1);
    MESSAGE("SKIPPED: " << name << ": " << reason);
    return;
  }
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

}  // namespace

TEST_CASE("export examples: ONNX Runtime gives the probabilities of predict") {
  check_example("raf.onnx", "import json, numpy, onnxruntime", "--preprocess --onnx");
}

TEST_CASE("export examples: PyTorch gives the probabilities of predict") {
  check_example("raf.safetensors", "import json, numpy, torch, torchvision", "--safetensors");
}

}  // namespace lanet::test
