// A training as a user has it: train, kill, go on, eval, predict, and what is refused on the way.
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

#include "tests/program.h"
#include "tests/run_metrics.h"
#include "train/checkpoint.h"

namespace lanet::test {
namespace {

using nlohmann::json;

constexpr int kTrain = 20, kTest = 8, kEpochs = 4;

/// A drawn data set, its configuration, and runs on it; made once for all tests of this file.
class Runs {
 public:
  Runs() {
    REQUIRE(run("synth --out " + path("faces") + " --train " + std::to_string(kTrain) + " --test " +
                std::to_string(kTest) + " --size 64")
                .code == 0);
    folder_.write("faces.json", R"({
        "data": {"root": "faces", "landmarks": "landmarks_19.csv", "landmark_size": 64,
                 "image_size": 64, "noise": {"rate": 0.3}},
        "model": {"neighbours": 4, "bank": 20},
        "train": {"batch": 10, "epochs": 4}})");
  }
  std::string path(const std::string& name) const { return (folder_.path() / name).string(); }
  const TemporaryFolder& folder() const { return folder_; }
  std::string picture(int number) const {
    return path("faces/basic/Image/aligned/test_0000" + std::to_string(number) + "_aligned.jpg");
  }
  /// The arguments of a training into the folder `name`.
  std::string train(const std::string& name, const std::string& more) const {
    return "train " + path("faces.json") + " --run " + path(name) + " " + more;
  }
  /// A finished run of LA-Net.
  std::string lanet() const {
    static const Outcome outcome = run(train("lanet", "--set train.epochs=1"));
    CAPTURE(outcome.err);
    REQUIRE(outcome.code == 0);
    CHECK(outcome.out.empty());
    return path("lanet");
  }
  /// A finished run of the baseline.
  std::string baseline() const {
    static const Outcome outcome = run(train("baseline", "--set method=baseline"));
    CAPTURE(outcome.err);
    REQUIRE(outcome.code == 0);
    CHECK(outcome.out.empty());
    return path("baseline");
  }

 private:
  TemporaryFolder folder_;
};

const Runs& runs() {
  static const Runs runs;
  return runs;
}

/// Starts the program and kills it as soon as `file` is there.
void run_and_kill(const std::string& arguments, const std::string& file) {
  const std::string command = "exec " + program() + " " + arguments + " >/dev/null 2>&1";
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
    _exit(127);
  }
  int status = 0;
  bool ended = false;
  while (!ended && !std::filesystem::exists(file)) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    ended = waitpid(child, &status, WNOHANG) != 0;
  }
  REQUIRE_FALSE(ended);
  kill(child, SIGKILL);
  waitpid(child, &status, 0);
  REQUIRE(WIFSIGNALED(status));  // it was not done already
}

int64_t sum(const json& confusion) {
  int64_t total = 0;
  for (const json& row : confusion)
    for (const json& count : row) total += count.get<int64_t>();
  return total;
}

json eval(const std::string& arguments) {
  const Outcome outcome = run("eval " + arguments + " --json");
  CAPTURE(outcome.err);
  REQUIRE(outcome.code == 0);
  CHECK(std::count(outcome.out.begin(), outcome.out.end(), '\n') == 1);
  json result = json::parse(outcome.out);
  for (const char* key : {"accuracy", "balanced_accuracy", "recall", "confusion"})
    CHECK(result.contains(key));
  return result;
}

}  // namespace

TEST_CASE("cli train: a killed run goes on to the same checkpoints and metrics") {
  const std::string whole = runs().baseline(), killed = runs().path("killed");
  const std::string arguments = runs().train("killed", "--set method=baseline");
  run_and_kill(arguments, killed + "/last.safetensors");
  const NamedArrays left = read_checkpoint(killed + "/last.safetensors");
  const int epoch = checkpoint_info(left, "left").epoch;
  CHECK(epoch < kEpochs);
  CHECK(metrics(killed).size() >= static_cast<size_t>(epoch));  // no epoch's line is lost

  const Outcome resumed = run(arguments + " --resume");
  CAPTURE(resumed.err);
  CHECK(resumed.code == 0);
  for (const char* file :
       {"last.safetensors", "best.safetensors", "noise.csv", "config.json", "summary.json"}) {
    CAPTURE(file);
    CHECK((read_text(killed + "/" + file) == read_text(whole + "/" + file)));
  }
  CHECK(metrics(killed).size() == kEpochs);
  CHECK(metrics(killed) == metrics(whole));

  check_refused(arguments, "exists");
  check_refused(arguments + " --resume --set train.learning_rate=0.5", "train.learning_rate");
  check_refused(arguments + " --resume --set model.backbone=resnet50", "model.backbone");
}

TEST_CASE("cli train: a run of LA-Net leaves its metrics, labels and noise") {
  const std::string run = runs().lanet();
  const std::vector<json> lines = metrics(run);
  CHECK(lines.size() == 1);
  for (const char* loss : {"expression", "landmark", "distribution", "contrastive", "total"})
    CHECK(lines.at(0).at("losses").at(loss).get<double>() > 0);
  for (const char* file : {"labels.csv", "noise.csv"}) {
    const std::string text = read_text(run + "/" + file);
    CHECK(std::count(text.begin(), text.end(), '\n') == kTrain + 1);
  }
  for (const char* file : {"best.safetensors", "last.safetensors", "environment.json"})
    CHECK(std::filesystem::exists(run + "/" + file));
}

TEST_CASE("cli eval: measures the last or the best checkpoint on either split") {
  const std::string run_folder = runs().baseline();
  const json summary = json::parse(read_text(run_folder + "/summary.json"));
  const json last = eval(run_folder);
  CHECK(last == eval(run_folder + "/last.safetensors"));
  CHECK(last["accuracy"] == metrics(run_folder).back().at("test_accuracy"));
  CHECK(last["confusion"].size() == 7);
  CHECK(last["recall"].size() == 7);
  CHECK(sum(last["confusion"]) == kTest);
  CHECK(eval(run_folder + " --best")["accuracy"] == summary["best"]["accuracy"]);
  CHECK(sum(eval(run_folder + " --split train")["confusion"]) == kTrain);

  const Outcome table = run("eval " + run_folder);
  CHECK(table.code == 0);
  CHECK(table.out.find("happiness") != std::string::npos);
}

TEST_CASE("cli eval: another configuration's data need neither landmarks nor training faces") {
  std::string tests_only;
  std::ifstream list(runs().path("faces/basic/EmoLabel/list_patition_label.txt"));
  for (std::string line; std::getline(list, line);)
    if (line.starts_with("test")) tests_only += line + "\n";
  runs().folder().write("faces/tests.txt", tests_only);
  const auto config = runs().folder().write(
      "tests.json", R"({"data": {"root": "faces", "labels": "tests.txt", "image_size": 96}})");
  CHECK(eval(runs().lanet() + " --data " + config.string()) == eval(runs().lanet()));
  check_refused("eval " + runs().lanet() + " --data " + config.string() + " --split train",
                "tests.txt");
}

TEST_CASE("cli eval: a picture cut short is left out and counted where that is allowed") {
  const std::string whole = read_text(runs().picture(1));
  runs().folder().write("faces/basic/Image/aligned/test_00099_aligned.jpg",
                        whole.substr(0, whole.size() / 2));
  runs().folder().write("faces/damaged.txt", "test_00001.jpg 1\ntest_00099.jpg 2\n");
  const std::string arguments =
      "eval " + runs().baseline() + " --json --set data.labels=damaged.txt";
  check_refused(arguments, "test_00099_aligned.jpg");
  const Outcome outcome = run(arguments + " --set data.skip_bad_images=true");
  CHECK(outcome.code == 0);
  CHECK(outcome.err.find("1 of 2 test pictures skipped") != std::string::npos);
  CHECK(sum(json::parse(outcome.out)["confusion"]) == 1);
}

TEST_CASE("cli predict: a bad picture is named and the others are answered, with exit code 1") {
  const std::string bad = runs().folder().write("bad.jpg", "no picture").string();
  const std::string pictures = runs().picture(1) + " " + bad + " " + runs().picture(2);
  const Outcome json_run = run("predict " + runs().lanet() + " --json " + pictures);
  CHECK(json_run.code == 1);
  CHECK(json_run.err.find("bad.jpg") != std::string::npos);
  const json answers = json::parse(json_run.out);
  REQUIRE(answers.size() == 2);
  CHECK(answers[0]["image"] == runs().picture(1));
  CHECK(answers[1]["image"] == runs().picture(2));
  for (const json& answer : answers) {
    const json& probabilities = answer["probabilities"];
    CHECK(probabilities.size() == 7);
    double total = 0;
    for (const auto& [label, p] : probabilities.items()) {
      total += p.get<double>();
      CHECK(p <= probabilities.at(answer["label"].get<std::string>()));
    }
    CHECK(total == doctest::Approx(1).epsilon(1e-5));
  }

  const Outcome text = run("predict " + runs().lanet() + " " + runs().picture(1));
  CHECK(text.code == 0);
  CHECK(text.out.starts_with(runs().picture(1) + ": " + answers[0]["label"].get<std::string>()));
}

TEST_CASE("cli: checkpoints that do not fit or cannot be read are refused in one line") {
  const std::string run_folder = runs().baseline();
  check_refused("eval " + run_folder + " --set model.backbone=resnet50", "another architecture");
  const std::string whole = read_text(run_folder + "/best.safetensors");
  const std::string half =
      runs().folder().write("half.safetensors", whole.substr(0, whole.size() / 2)).string();
  for (const char* command : {"eval ", "predict "}) {
    const std::string picture = command == std::string("predict ") ? runs().picture(1) : "";
    check_refused(command + half + " " + picture, "half.safetensors");
    check_refused(command + runs().path("none.safetensors") + " " + picture, "none.safetensors");
    check_refused(command + half + " --best " + picture, "--best is for a run folder");
  }
}

TEST_CASE("cli train: what is wrong with a backbone or a batch is found before there is a run") {
  const std::string data = (tests_folder() / "data/").string();
  auto refuse = [](const std::string& setting, const std::string& what) {
    check_refused(runs().train("refused", "--set " + setting), what);
    CHECK_FALSE(std::filesystem::exists(runs().path("refused")));
  };
  refuse("model.pretrained=" + data + "runs_command.pth", "runs_command.pth");
  refuse("model.pretrained=" + data + "state_dict.pth", "state_dict.pth: nothing in it fits");
  refuse("model.pretrained=" + runs().path("none.pth"), "none.pth");
  refuse("train.batch=64 --set model.bank=64", "train.batch: 64");
}

}  // namespace lanet::test
