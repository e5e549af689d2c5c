// A training as a user has it: train, kill, go on, and what is refused on the way.
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "data/rafdb.h"
#include "tests/train/awaited_program.h"
#include "tests/train/run_metrics.h"
#include "tests/train/trained_runs.h"
#include "train/checkpoint.h"

namespace lanet::test {
namespace {

using namespace trained;
using nlohmann::json;

/// Starts the program, does `meanwhile` once `file` is there, and kills it.
void run_and_kill(
    const std::string& arguments, const std::string& file,
    const std::function<void(pid_t)>& meanwhile = [](pid_t) {}) {
  const pid_t child = start_and_await(arguments, file);
  int status = 0;
  meanwhile(child);
  kill(child, SIGKILL);
  waitpid(child, &status, 0);
  REQUIRE(WIFSIGNALED(status));  // it was not done already
}

/// What is in a run's folder, by name, but for the lock, which says who held it last.
std::map<std::string, std::string> files_of(const std::string& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    files[entry.path().filename().string()] = read_text(entry.path());
  files.erase("lock");
  return files;
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

TEST_CASE("cli train: of two runs that choose one default name the second takes the next number") {
  const TemporaryFolder folder;
  const std::string train = program() + " train " + runs().path("faces.json") +
                            " --set method=baseline --set train.epochs=1 >/dev/null 2>&1";
  const Outcome both = run_shell("cd " + folder.path().string() + "; " + train + " & first=$!; " +
                                 train + " && wait $first");
  CHECK(both.code == 0);
  for (const char* name : {"runs/faces-1", "runs/faces-2"})
    CHECK(std::filesystem::exists(folder.path() / name / "summary.json"));
}

TEST_CASE("cli train: a run that a process is writing is refused to another, until it is killed") {
  const std::string held = runs().path("held");
  const std::string arguments =
      runs().train("held", "--set method=baseline --set train.epochs=1000");
  run_and_kill(arguments, held + "/last.safetensors", [&](pid_t child) {
    check_refused(arguments + " --resume",
                  fmt::format("{}: process {} on ", held, static_cast<int>(child)));
    check_refused(arguments, "exists");
  });
  // It is the kernel that gives the lock back: the next one is refused for another reason.
  check_refused(runs().train("held", "--set method=baseline --resume"), "train.epochs");
}

TEST_CASE(
    "cli train: files that are not those of the checkpoint are refused, and stay as they are") {
  const std::string folder = runs().path("damaged");
  std::filesystem::copy(runs().baseline(), folder, std::filesystem::copy_options::recursive);
  const std::string arguments = runs().train("damaged", "--set method=baseline --resume");
  const std::string metrics_file = read_text(folder + "/metrics.jsonl");
  const std::string first = metrics_file.substr(0, metrics_file.find('\n') + 1);
  auto refuse = [&](const std::string& file, const std::string& text, const std::string& what) {
    const std::string before = read_text(folder + "/" + file);
    runs().folder().write("damaged/" + file, text);
    const auto files = files_of(folder);
    check_refused(arguments, folder + "/" + file + what);
    CHECK((files_of(folder) == files));
    runs().folder().write("damaged/" + file, before);
  };
  refuse("metrics.jsonl", first, ":2: missing");
  refuse("metrics.jsonl", "{" + metrics_file, ":1: '{{");
  refuse("metrics.jsonl", first + metrics_file, ":2: epoch 1");
  std::string edited = metrics_file;
  edited[edited.find("test_accuracy\":") + 15] = '1';
  refuse("metrics.jsonl", edited, ":1: not the line");
  check_refused("eval " + folder + " --split validation", "data.validation 0");

  NamedArrays steps = read_checkpoint(folder + "/last.safetensors");
  steps.metadata["steps"] = "7";
  write_safetensors(runs().path("steps.safetensors"), steps);
  refuse("last.safetensors", read_text(runs().path("steps.safetensors")),
         ": 7 steps after epoch 4; expected 8, at 2 per epoch");
}

TEST_CASE("cli train: what a run that was killed had no time to write is made on resume") {
  const std::string folder = runs().path("unfinished");
  std::filesystem::copy(runs().lanet(), folder, std::filesystem::copy_options::recursive);
  for (const char* file : {"best.safetensors", "labels.csv", "summary.json", "report.html"})
    std::filesystem::remove(folder + "/" + file);
  std::ofstream(folder + "/metrics.jsonl", std::ios::app) << R"({"epoch":2,"lo)";
  const Outcome resumed = run(runs().train("unfinished", "--set train.epochs=1 --resume"));
  CAPTURE(resumed.err);
  REQUIRE(resumed.code == 0);
  auto made = files_of(folder), whole = files_of(runs().lanet());
  CHECK(made.erase("report.html") == 1);  // it has the run's name in it
  CHECK(whole.erase("report.html") == 1);
  CHECK((made == whole));
}

TEST_CASE("cli train: validation faces choose the best epoch and are not trained on") {
  const std::string folder = runs().path("validated");
  const Outcome outcome =
      run(runs().train("validated", "--set method=baseline --set data.validation=0.3"));
  CAPTURE(outcome.err);
  REQUIRE(outcome.code == 0);
  const json summary = json::parse(read_text(folder + "/summary.json"));
  CHECK(summary["best"]["chosen_by"] == "validation");
  double best = -1;
  int epoch = 0;
  const std::vector<json> lines = metrics(folder);
  for (const json& line : lines) {
    CHECK(line.contains("val_balanced_accuracy"));
    if (line["val_accuracy"] <= best) continue;
    best = line["val_accuracy"];
    epoch = line["epoch"];
  }
  CHECK(summary["best"]["epoch"] == epoch);
  CHECK(summary["best"]["val_accuracy"] == best);
  CHECK(summary["best"]["accuracy"] == lines[epoch - 1]["test_accuracy"]);
  CHECK(summary["best"]["balanced_accuracy"] == lines[epoch - 1]["test_balanced_accuracy"]);
  CHECK(summary["last"]["balanced_accuracy"] == lines.back()["test_balanced_accuracy"]);

  const json validation = eval(folder + " --best --split validation");
  CHECK(validation["accuracy"] == best);
  const int64_t apart = sum(validation["confusion"]);
  CHECK(apart > 0);
  CHECK(sum(eval(folder + " --split train")["confusion"]) == kTrain - apart);
  const std::string noise = read_text(folder + "/noise.csv");
  CHECK(std::count(noise.begin(), noise.end(), '\n') == kTrain - apart + 1);
  // The faces that are left have the noise that they have without validation.
  const std::string whole = read_text(runs().baseline() + "/noise.csv");
  std::istringstream rows(noise);
  for (std::string row; std::getline(rows, row);)
    CHECK(whole.find(row + "\n") != std::string::npos);

  const std::string copy = runs().path("validated_again");
  std::filesystem::copy(folder, copy, std::filesystem::copy_options::recursive);
  const Outcome again = run(
      runs().train("validated_again", "--set method=baseline --set data.validation=0.3 --resume"));
  CHECK(again.code == 0);
  CHECK(read_text(copy + "/summary.json") == read_text(folder + "/summary.json"));
}

TEST_CASE("cli train: labels of one list are trained on, and those of another judge") {
  // The given list has every second training label wrong.
  std::string given;
  std::istringstream list(read_text(runs().path("faces/basic/EmoLabel/list_patition_label.txt")));
  std::string name;
  int wrong = 0;
  for (int label = 0, line = 0; list >> name >> label; ++line) {
    const bool change = name.starts_with("train") && line % 2 == 0;
    given += fmt::format("{} {}\n", name, change ? label % 7 + 1 : label);
    wrong += change;
  }
  runs().folder().write("faces/given.txt", given);
  const std::string lists =
      "--set data.noise.rate=0 --set data.labels=given.txt "
      "--set data.true_labels=" +
      std::string(kDefaultLabelList);
  const std::string arguments = runs().train("two_lists", lists + " --set train.epochs=1");
  const Outcome outcome = run(arguments);
  CAPTURE(outcome.err);
  REQUIRE(outcome.code == 0);
  const std::string noise = read_text(runs().path("two_lists/noise.csv"));
  int changed = 0;
  std::istringstream rows(noise);
  for (std::string row; std::getline(rows, row);) changed += row.ends_with(",1");
  CHECK(changed == wrong);
  const json line = metrics(runs().path("two_lists")).at(0);
  for (const char* key : {"memorised", "corrected", "label_accuracy", "label_average_precision"})
    CHECK(line.at(key).is_number());
  CHECK(line["memorised"].get<double>() + line["corrected"].get<double>() <= 1);
  CHECK(run(arguments + " --resume").code == 0);

  runs().folder().write("faces/few.txt", "train_00001.jpg 1\n");
  check_refused(runs().train("refused", "--set data.true_labels=few.txt"),
                "few.txt: it has no line for train_00002.jpg");
  CHECK_FALSE(std::filesystem::exists(runs().path("refused")));
}

TEST_CASE("cli train: a run of LA-Net leaves its metrics, labels and noise") {
  const std::string run = runs().lanet();
  const std::vector<json> lines = metrics(run);
  CHECK(lines.size() == 1);
  for (const char* key : {"memorised", "corrected", "label_accuracy", "label_average_precision"})
    CHECK(lines.at(0).at(key).is_number());
  CHECK_FALSE(lines.at(0).contains("val_accuracy"));
  for (const char* loss : {"expression", "landmark", "distribution", "contrastive", "total"})
    CHECK(lines.at(0).at("losses").at(loss).get<double>() > 0);
  for (const char* file : {"labels.csv", "noise.csv"}) {
    const std::string text = read_text(run + "/" + file);
    CHECK(std::count(text.begin(), text.end(), '\n') == kTrain + 1);
  }
  for (const char* file : {"best.safetensors", "last.safetensors", "environment.json"})
    CHECK(std::filesystem::exists(run + "/" + file));
}

TEST_CASE("cli train: what is wrong with a backbone or a batch is found before there is a run") {
  const std::string data = (tests_folder() / "fixtures/").string();
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
