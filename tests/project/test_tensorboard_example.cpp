// A file of its own: what is skipped here must not hide the failure of another example.
#include <fmt/format.h>

#include <map>

#include "tests/project/python_example.h"

namespace lanet::test {

TEST_CASE("tensorboard example: TensorBoard reads the metrics of a run that was continued") {
  std::string example = example_with("run.Reload()");
  REQUIRE_FALSE(example.empty());
  const TemporaryFolder folder;
  const std::string python = python_for(example, folder, "TensorBoard");
  if (python.empty()) return;
  const trained::Runs& runs = trained::runs();
  const std::string arguments = runs.train(
      "board", "--set method=baseline --set train.epochs=2 --set train.tensorboard=true");
  REQUIRE(run(arguments).code == 0);
  REQUIRE(run(arguments + " --resume").code == 0);

  example.replace(example.find("runs/raf-1"), 10, runs.path("board"));
  folder.write("example.py", example);
  const Outcome done = run_shell(python + "example.py");
  CAPTURE(done.err);
  REQUIRE(done.code == 0);
  std::map<std::string, std::string> curves;  // "[(1, 0.25), (2, 0.5)]" by tag
  std::istringstream printed(done.out);
  for (std::string line; std::getline(printed, line);) {
    const size_t list = line.find(" [");
    REQUIRE(list != std::string::npos);
    curves[line.substr(0, list)] = line.substr(list + 1);
  }
  std::istringstream metrics(read_text(runs.path("board/metrics.jsonl")));
  int epoch = 0;
  std::string accuracies, losses;
  for (std::string text; std::getline(metrics, text);) {
    const auto line = nlohmann::json::parse(text);
    // Python prints a float32 as the double that it is.
    const auto entry = [&](const nlohmann::json& value) {
      return fmt::format("{}({}, {})", epoch == 1 ? "" : ", ", epoch,
                         nlohmann::json(static_cast<double>(value.get<float>())).dump());
    };
    ++epoch;
    accuracies += entry(line.at("test_accuracy"));
    losses += entry(line.at("losses").at("total"));
  }
  CHECK(epoch == 2);
  CHECK(curves.at("test/accuracy") == "[" + accuracies + "]");
  CHECK(curves.at("train/loss") == "[" + losses + "]");
}

}  // namespace lanet::test
