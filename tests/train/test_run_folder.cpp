#include <unistd.h>
#include <nlohmann/json.hpp>

#include "core/files/file.h"
#include "core/ranks/channel.h"
#include "tests/input_error.h"
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
                       doctest::Contains("/file/b: cannot be created"), InputError);
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

TEST_CASE("run folder: a folder that was locked and then left empty can be taken") {
  TemporaryFolder parent;
  parent.write("a/lock", "process 1 on here\n");
  CHECK_NOTHROW(RunFolder::create(parent.path() / "a", example(), {}));
}

TEST_CASE("run folder: what a killed process left of a file that it had begun is no run") {
  TemporaryFolder parent;
  parent.write("a/config.json.tmp", "{");
  CHECK(RunFolder::is_free(parent.path() / "a"));
  parent.write("a/config.json", "{");
  CHECK_FALSE(RunFolder::is_free(parent.path() / "a"));
  CHECK(RunFolder::is_free(parent.path() / "b"));
  CHECK_FALSE(RunFolder::is_free(parent.write("file", "")));
}

TEST_CASE("run folder: room for the checkpoints counts those that are there") {
  TemporaryFolder parent;
  const fs::path path = parent.path() / "runs/a";
  const uint64_t room = fs::space(parent.path()).available;
  CHECK_NOTHROW(RunFolder::require_room(path, 1000, 100));
  CHECK_THROWS_WITH_AS(RunFolder::require_room(path, room, 0),
                       doctest::Contains("runs/a: its checkpoints need "), Error);
  // A file with a hole takes no room itself.
  RunFolder::create(path, example(), {});
  for (const char* file : {RunFolder::kLast, RunFolder::kPrevious, RunFolder::kBest}) {
    parent.write("runs/a/" + std::string(file), "");
    fs::resize_file(path / file, room);
  }
  CHECK_NOTHROW(RunFolder::require_room(path, room, 0));
}

TEST_CASE("run folder: what one writes another can read, but not write, until the first is done") {
  TemporaryFolder parent;
  const fs::path path = parent.path() / "a";
  auto resume = [&] { return input_error([&] { RunFolder::resume(path); }); };
  {
    const RunFolder first = RunFolder::create(path, example(), {});
    CHECK(resume() ==
          fmt::format("{}: process {} on {} is writing this run; expected a run that no "
                      "process is writing",
                      path.string(), getpid(), host_name()));
    CHECK_NOTHROW(RunFolder::open(path));
  }
  CHECK(resume() == "");
  const RunFolder second = RunFolder::resume(path);
  CHECK(resume().find("is writing this run") != std::string::npos);
  parent.write("a/lock", "");  // another file by the name: the lock went with the old one
  CHECK(resume() == "");
}

TEST_CASE("run folder: two processes that begin one run at a time do not both get it") {
  TemporaryFolder parent;
  const fs::path path = parent.path() / "a";
  fs::create_directories(path);
  const RunLock of_the_other(path);
  CHECK(is_line_with(input_error([&] { RunFolder::create(path, example(), {}); }),
                     "is writing this run"));
  CHECK_FALSE(fs::exists(path / "config.json"));
}

TEST_CASE("run folder: who holds a lock is said as far as the file says it") {
  TemporaryFolder parent;
  const RunLock lock(parent.path());
  auto refusal = [&] { return input_error([&] { RunLock another(parent.path()); }); };
  std::ofstream(parent.path() / "lock") << "";
  CHECK(is_line_with(refusal(), ": another process is writing this run"));
  std::ofstream(parent.path() / "lock") << "process 7\ton it\nand more";
  CHECK(is_line_with(refusal(), ": process 7\\x09on it is writing this run"));
}

TEST_CASE("run folder: a lock needs a folder that can be written") {
  CHECK_THROWS_WITH_AS(RunLock("/no/such"),
                       "/no/such/lock: cannot be written: No such file or "
                       "directory",
                       Error);
}

TEST_CASE("run folder: only a run that was locked is written") {
  TemporaryFolder parent;
  RunFolder::create(parent.path() / "a", example(), {});
  RunFolder run = RunFolder::open(parent.path() / "a");
  CHECK_THROWS_AS(run.append_metrics({{"epoch", 1}}), Error);
  CHECK_THROWS_AS(run.truncate_metrics(0), Error);
  CHECK_THROWS_AS(run.write_summary({}), Error);
}

TEST_CASE("run folder: lines after the checkpoint, and a line cut short, are dropped on resume") {
  TemporaryFolder parent;
  RunFolder run = RunFolder::create(parent.path() / "a", example(), {});
  CHECK(run.metrics(0, {}).empty());
  for (int epoch = 1; epoch <= 3; ++epoch)
    run.append_metrics({{"epoch", epoch}, {"loss", 0.5 * epoch}});
  std::ofstream(run.file("metrics.jsonl"), std::ios::app) << R"({"epoch":4,"lo)";
  CHECK(run.metrics(3, {}).size() == 3);
  run.truncate_metrics(2);
  CHECK(read_text(run.file("metrics.jsonl")) ==
        "{\"epoch\":1,\"loss\":0.5}\n{\"epoch\":2,\"loss\":1.0}\n");
  run.append_metrics({{"epoch", 3}});
  CHECK(run.metrics(3, {}).back()["epoch"] == 3);
}

TEST_CASE("run folder: metrics that are not those of the epochs done are refused by line") {
  TemporaryFolder parent;
  const RunFolder run = RunFolder::create(parent.path() / "a", example(), {});
  const std::string one = R"({"epoch":1,"loss":0.5,"seconds":3})",
                    two = R"({"epoch":2,"loss":0.25,"seconds":2})";
  const std::vector<std::string> digests = {metrics_digest(nlohmann::ordered_json::parse(one)),
                                            metrics_digest(nlohmann::ordered_json::parse(two))};
  auto refusal = [&](const std::string& text) {
    parent.write("a/metrics.jsonl", text);
    const std::string message = input_error([&] { run.metrics(2, digests); });
    const std::string prefix = run.file("metrics.jsonl").string() + ":";
    CHECK((message.empty() || message.starts_with(prefix)));
    CHECK(message.find('\n') == std::string::npos);
    return message.empty() ? "" : message.substr(prefix.size());
  };
  const std::string expected = "expected the line of epoch ";
  CHECK(refusal(one + "\n" + two + "\n") == "");
  CHECK(refusal(one + "\n" + two + "\nwhatever follows") == "");
  // Time is not of the same bits twice.
  CHECK(refusal(one + "\n" + R"({"epoch":2,"loss":0.25,"seconds":7})") == "");
  CHECK(
      refusal("").starts_with("1: missing; " + expected + "1 of the 2 that last.safetensors has"));
  CHECK(refusal(one + "\n").starts_with("2: missing; " + expected + "2"));
  CHECK(refusal(one + "\n{\"epoch\":2,\n").starts_with("2: '{\"epoch\":2,'; " + expected + "2"));
  CHECK(refusal(one + "\n\n" + two).starts_with("2: ''; " + expected + "2"));
  CHECK(refusal("{\"loss\":1}\n" + two).starts_with("1: '{\"loss\":1}'; " + expected + "1"));
  CHECK(refusal(two + "\n" + one).starts_with("1: epoch 2; " + expected + "1"));
  CHECK(refusal(one + "\n" + one + "\n" + two).starts_with("2: epoch 1; " + expected + "2"));
  CHECK(refusal("{\"epoch\":\"1\"}\n").starts_with("1: epoch \"1\"; " + expected + "1"));
  CHECK(refusal(one + "\n" + R"({"epoch":2,"loss":0.2,"seconds":2})")
            .starts_with("2: not the line that was written when last.safetensors was saved"));
}

TEST_CASE("run folder: the summary is rewritten whole") {
  TemporaryFolder parent;
  RunFolder run = RunFolder::create(parent.path() / "a", example(), {});
  run.write_summary(summarize(std::vector<EpochScores>{{.accuracy = 0.5}}));
  run.write_summary(summarize(std::vector<EpochScores>{{.accuracy = 0.5}, {.accuracy = 0.75}}));
  CHECK(nlohmann::json::parse(read_text(run.file("summary.json")))["best"]["epoch"] == 2);
  CHECK_FALSE(fs::exists(run.file("summary.json.tmp")));
}

}  // namespace lanet::test
