// What a run goes on from: its last checkpoint, its metrics and its best checkpoint are of one run.
#include "train/run_record.h"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "core/files/file.h"
#include "tests/input_error.h"
#include "tests/temporary_folder.h"

namespace lanet::test {
namespace {

/// A run of four epochs of which three are done, the second the best on the test set and the first
/// on the validation faces.
class ThreeEpochs {
 public:
  explicit ThreeEpochs(double validation = 0) {
    config.data.root = "/faces";
    config.data.validation = validation;
    config.train.epochs = 4;
    RunFolder folder = RunFolder::create(path(), config, {});
    std::string digests;
    for (int epoch = 1; epoch <= 3; ++epoch) {
      nlohmann::ordered_json line = {{"epoch", epoch},
                                     {"test_accuracy", epoch == 2 ? 0.9 : 0.5},
                                     {"test_balanced_accuracy", 0.25}};
      if (validation > 0) line["val_accuracy"] = 1.0 / epoch;
      folder.append_metrics(line);
      digests += metrics_digest(line) + " ";
    }
    last = checkpoint(3);
    last.metadata["metrics"] = digests;
    write_safetensors(folder.file(RunFolder::kBest), checkpoint(2));
  }

  NamedArrays checkpoint(int epoch) const {
    NamedArrays file;
    file.metadata = {{"format", "lanet-checkpoint/1"},
                     {"config", to_json(config).dump()},
                     {"epoch", std::to_string(epoch)},
                     {"steps", std::to_string(10 * epoch)}};
    return file;
  }
  std::filesystem::path path() const { return parent.path() / "run"; }
  std::string file(const char* name) const { return (path() / name).string(); }
  /// The message with which the run is refused.
  std::string refusal() const {
    return input_error(
        [&] { RunRecord(RunFolder::resume(path()), config, last, file(RunFolder::kLast)); });
  }

  TemporaryFolder parent;
  Config config;
  NamedArrays last;
};

}  // namespace

TEST_CASE("run record: a run that is consistent has its summary from the metrics") {
  const ThreeEpochs run;
  const RunRecord record(RunFolder::resume(run.path()), run.config, run.last, "last");
  CHECK(record.summary().best_epoch == 2);
  CHECK(record.summary().best.accuracy == 0.9);
  CHECK(record.summary().last_epoch == 3);
}

TEST_CASE("run record: a best checkpoint that is not of the best epoch is refused") {
  const ThreeEpochs run;
  write_safetensors(run.file("best.safetensors"), run.checkpoint(1));
  CHECK(run.refusal() == run.file("best.safetensors") +
                             ": of epoch 1; expected epoch 2, the best by " +
                             run.file("metrics.jsonl"));
  std::filesystem::remove(run.file("best.safetensors"));
  CHECK(is_line_with(run.refusal(), "best.safetensors: cannot be read: No such file"));
}

TEST_CASE("run record: with validation faces their accuracy says which epoch is best") {
  const ThreeEpochs run(0.1);
  CHECK(is_line_with(run.refusal(), "best.safetensors: of epoch 2; expected epoch 1"));
  write_safetensors(run.file("best.safetensors"), run.checkpoint(1));
  CHECK(run.refusal() == "");
}

TEST_CASE("run record: the best of all that is the last is made again, whatever is there") {
  ThreeEpochs run;
  run.last = run.checkpoint(2);
  CHECK(run.refusal() == "");
  std::filesystem::remove(run.file("best.safetensors"));
  CHECK(run.refusal() == "");
}

TEST_CASE("run record: lines that are not those of the checkpoint are refused") {
  const ThreeEpochs run;
  std::string text = read_text(run.file("metrics.jsonl"));
  text[text.find("0.9") + 2] = '8';
  run.parent.write("run/metrics.jsonl", text);
  CHECK(is_line_with(run.refusal(), run.file("metrics.jsonl") + ":2: not the line"));
}

TEST_CASE("run record: a checkpoint of an earlier program has no digests, and its lines an order") {
  ThreeEpochs run;
  run.last.metadata.erase("metrics");
  CHECK(run.refusal() == "");
  run.parent.write("run/metrics.jsonl", "{\"epoch\":1}\n{\"epoch\":2}\n{\"epoch\":3}\n");
  CHECK(run.refusal() ==
        run.file("metrics.jsonl") + ":1: test_accuracy: missing; expected a number");
  run.parent.write("run/metrics.jsonl", "{\"epoch\":1}\n{\"epoch\":3}\n");
  CHECK(is_line_with(run.refusal(), ":2: epoch 3; expected the line of epoch 2"));
}

TEST_CASE("run record: a checkpoint of another run, or of an epoch that there is not, is refused") {
  ThreeEpochs run;
  run.last.metadata["metrics"] += "0";
  CHECK(run.refusal() ==
        run.file("last.safetensors") +
            ": metadata 'metrics' has 4 lines; expected one for each of the 3 finished epochs");
  run.last.metadata["epoch"] = "5";
  CHECK(run.refusal() == run.file("last.safetensors") + ": epoch 5; expected one of the run's 4");
  run.config.seed = 9;
  CHECK(run.refusal() ==
        run.file("last.safetensors") + ": seed: the run was started with 1; expected that, not 9");
}

TEST_CASE("run record: what changes no bit may change from one start to the next") {
  ThreeEpochs run;
  run.config.train.device = DeviceSetting::cpu;
  run.config.train.threads = 3;
  run.config.data.residency = Residency::disk;
  run.config.data.cache = "/packed";
  run.config.checkpoint.every_steps = 7;
  CHECK(run.refusal() == "");
}

}  // namespace lanet::test
