// A trained network on a data set, and what eval and predict refuse.
#include <fmt/format.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/train/run_metrics.h"
#include "tests/train/trained_runs.h"

namespace lanet::test {
namespace {

using namespace trained;
using nlohmann::json;

}  // namespace

TEST_CASE("cli eval: another list of true labels changes what is counted as right") {
  std::string turned;
  std::istringstream list(read_text(runs().path("faces/basic/EmoLabel/list_patition_label.txt")));
  std::string name;
  for (int label = 0; list >> name >> label;) turned += fmt::format("{} {}\n", name, label % 7 + 1);
  runs().folder().write("faces/turned.txt", turned);
  const json straight = eval(runs().baseline());
  const json judged = eval(runs().baseline() + " --set data.true_labels=turned.txt");
  CHECK(judged == eval(runs().baseline() + " --set data.labels=turned.txt"));
  CHECK(judged["confusion"] != straight["confusion"]);
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

}  // namespace lanet::test
