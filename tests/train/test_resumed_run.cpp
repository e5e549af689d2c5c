// Which checkpoint a run goes on from.
#include "train/resumed_run.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "core/files/file.h"
#include "tests/input_error.h"
#include "tests/temporary_folder.h"

namespace lanet::test {
namespace {

/// A run of four epochs with a last checkpoint and one before it.
class TwoCheckpoints {
 public:
  TwoCheckpoints() {
    config.data.root = "/faces";
    config.train.epochs = 4;
    const RunFolder folder = RunFolder::create(parent.path() / "run", config, {});
    write("last.previous.safetensors", 2);
    write("last.safetensors", 3);
  }
  void write(const std::string& name, int epoch) const {
    NamedArrays file;
    file.metadata = {{"format", "lanet-checkpoint/1"},
                     {"config", to_json(config).dump()},
                     {"epoch", std::to_string(epoch)},
                     {"steps", "10"}};
    file.arrays["x"] = HostArray({100}, HostDType::f32);
    write_safetensors(path(name), file);
  }
  std::string path(const std::string& name) const {
    return (parent.path() / "run" / name).string();
  }
  void damage(const std::string& name) const {
    std::string bytes = read_text(path(name));
    bytes.back() = 1;
    parent.write("run/" + name, bytes);
  }
  ResumedRun open() const {
    Config same = config;
    return open_to_resume(parent.path() / "run", same);
  }
  int epoch() const { return checkpoint_info(open().checkpoint, path("a checkpoint")).epoch; }

  TemporaryFolder parent;
  Config config;
};

}  // namespace

TEST_CASE("resumed run: it goes on from the last checkpoint, or from the one before it") {
  const TwoCheckpoints run;
  CHECK(run.epoch() == 3);
  CHECK(run.open().messages.empty());
  run.damage("last.safetensors");
  CHECK(run.epoch() == 2);
  CHECK(run.open().file.ends_with("last.previous.safetensors"));
  CHECK(run.open().messages ==
        std::vector<std::string>{
            "warning: " + run.path("last.safetensors") +
            ": damaged: x does not have the checksum it was written with; resuming from "
            "last.previous.safetensors, the previous checkpoint"});
  std::filesystem::remove(run.path("last.safetensors"));
  CHECK(run.epoch() == 2);
  CHECK(run.open().messages[0].starts_with("warning: " + run.path("last.safetensors: missing;")));
  run.damage("last.previous.safetensors");
  CHECK(is_line_with(input_error([&] { run.open(); }), "last.previous.safetensors: damaged"));
}

TEST_CASE("resumed run: a damaged checkpoint without another before it is refused") {
  const TwoCheckpoints run;
  std::filesystem::remove(run.path("last.previous.safetensors"));
  run.damage("last.safetensors");
  CHECK(is_line_with(input_error([&] { run.open(); }), "last.safetensors: damaged: x"));
}

TEST_CASE("resumed run: one without a checkpoint begins, unless it has finished epochs") {
  const TwoCheckpoints run;
  for (const char* file : {"last.safetensors", "last.previous.safetensors"})
    std::filesystem::remove(run.path(file));
  CHECK_FALSE(run.open().has_checkpoint());
  run.parent.write("run/summary.json", "{}");
  CHECK(is_line_with(input_error([&] { run.open(); }),
                     "no last.safetensors in it, although it has summary.json"));
}

TEST_CASE("resumed run: epochs may be added, and none taken away") {
  TwoCheckpoints run;
  run.config.train.epochs = 5;
  CHECK_NOTHROW(run.open());
  run.config.train.epochs = 3;
  CHECK(is_line_with(input_error([&] { run.open(); }), "train.epochs: the run was started with 4"));
}

TEST_CASE("resumed run: the place of the data may change where their content is known") {
  TwoCheckpoints run;
  run.config.data.root = "/elsewhere";
  CHECK(is_line_with(input_error([&] { run.open(); }), "data.root: the run was started with"));
  run.parent.write("run/data.json", "{}");
  CHECK_NOTHROW(run.open());
}

}  // namespace lanet::test
