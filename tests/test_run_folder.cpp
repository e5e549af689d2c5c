#include "core/error.h"
#include "core/file.h"
#include "tests/temporary_folder.h"
#include "train/run_folder.h"

namespace lanet::test {
namespace {

namespace fs = std::filesystem;

Config example() {
  Config config;
  config.data.root = "/faces";
  config.seed = 5;
  return config;
}

}  // namespace

TEST_CASE("run folder: holds configuration and environment, and opens again") {
  TemporaryFolder parent;
  const fs::path path = parent.path() / "runs/a";
  RunFolder::create(path, example(), {{"version", "1"}});
  CHECK(to_json(RunFolder::open(path).config()) == to_json(example()));
  CHECK(nlohmann::json::parse(read_text(path / "environment.json"))["version"] == "1");
}

TEST_CASE("run folder: nothing that exists is overwritten") {
  TemporaryFolder parent;
  const fs::path path = parent.path() / "a";
  RunFolder::create(path, example(), {});
  CHECK_THROWS_WITH_AS(RunFolder::create(path, example(), {}), doctest::Contains("/a: exists"),
                       InputError);
  CHECK_THROWS_AS(RunFolder::create(parent.write("file", ""), example(), {}), InputError);
  CHECK_THROWS_WITH_AS(RunFolder::create(parent.path() / "file/b", example(), {}),
                       doctest::Contains("/file/b: cannot be made"), InputError);
  fs::create_directories(parent.path() / "empty");
  CHECK_NOTHROW(RunFolder::create(parent.path() / "empty", example(), {}));
}

TEST_CASE("run folder: what is no run is not opened") {
  TemporaryFolder parent;
  CHECK_THROWS_WITH_AS(RunFolder::open(parent.path() / "a"), doctest::Contains("no such folder"),
                       InputError);
  CHECK_THROWS_WITH_AS(RunFolder::open(parent.path()), doctest::Contains("no config.json in it"),
                       InputError);
}

TEST_CASE("run folder: lines after the checkpoint, and a line cut short, are dropped on resume") {
  TemporaryFolder parent;
  RunFolder run = RunFolder::create(parent.path() / "a", example(), {});
  CHECK(run.metrics().empty());
  for (int epoch = 1; epoch <= 3; ++epoch)
    run.append_metrics({{"epoch", epoch}, {"loss", 0.5 * epoch}});
  std::ofstream(run.file("metrics.jsonl"), std::ios::app) << R"({"epoch":4,"lo)";
  CHECK(run.metrics().size() == 3);
  run.truncate_metrics(2);
  CHECK(read_text(run.file("metrics.jsonl")) ==
        "{\"epoch\":1,\"loss\":0.5}\n{\"epoch\":2,\"loss\":1.0}\n");
  run.append_metrics({{"epoch", 3}});
  CHECK(run.metrics().size() == 3);
}

TEST_CASE("run folder: the summary is rewritten whole") {
  TemporaryFolder parent;
  const RunFolder run = RunFolder::create(parent.path() / "a", example(), {});
  run.write_summary(summarize(std::vector<double>{0.5}));
  run.write_summary(summarize(std::vector<double>{0.5, 0.75}));
  CHECK(nlohmann::json::parse(read_text(run.file("summary.json")))["best"]["epoch"] == 2);
  CHECK_FALSE(fs::exists(run.file("summary.json.tmp")));
}

}  // namespace lanet::test
