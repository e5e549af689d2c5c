// What TensorBoard shows of a run is what its metrics say.
#include <sstream>

#include "tests/train/read_events.h"
#include "tests/train/trained_runs.h"

namespace lanet::test::trained {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

/// The lines of metrics.jsonl.
std::vector<json> metrics(const std::string& folder) {
  std::vector<json> lines;
  std::istringstream in(read_text(folder + "/metrics.jsonl"));
  for (std::string line; std::getline(in, line);) lines.push_back(json::parse(line));
  return lines;
}

/// The numbers of a line of metrics.jsonl, those in objects and lists too, without its epoch.
std::vector<float> numbers_of(json line) {
  line.erase("epoch");
  line.erase("test_confusion");
  std::vector<float> numbers;
  const json flat = line.flatten();
  for (const auto& [pointer, value] : flat.items())
    if (value.is_number()) numbers.push_back(value.get<float>());
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

/// Each epoch's numbers are those of its line.
void check_shown(const std::string& folder) {
  const std::vector<json> lines = metrics(folder);
  std::map<int64_t, std::vector<float>> shown;
  for (const auto& [tag, values] : shown_events<float>(folder))
    for (const auto& [epoch, value] : values) shown[epoch].push_back(value);
  CHECK(shown.size() == lines.size());
  for (const json& line : lines) {
    std::vector<float>& of_epoch = shown[line.at("epoch").get<int64_t>()];
    std::sort(of_epoch.begin(), of_epoch.end());
    CHECK(of_epoch == numbers_of(line));
  }
}

int64_t lines_in(const std::string& file) {
  const std::string text = read_text(file);
  return std::count(text.begin(), text.end(), '\n');
}

}  // namespace

TEST_CASE("cli tensorboard: a run shows its metrics, and shows them again once it goes on") {
  const std::string folder = runs().path("shown");
  const std::string arguments = runs().train(
      "shown", "--set method=baseline --set train.epochs=2 --set train.tensorboard=true");
  const Outcome outcome = run(arguments);
  CAPTURE(outcome.err);
  REQUIRE(outcome.code == 0);
  CHECK(event_files(folder).size() == 1);
  REQUIRE(metrics(folder).size() == 2);
  check_shown(folder);
  const auto scalars = shown_events<float>(folder);
  const json last = metrics(folder).back();
  CHECK(scalars.at("train/loss").at(2) == last.at("losses").at("total").get<float>());
  CHECK(scalars.at("test/accuracy").at(2) == last.at("test_accuracy").get<float>());
  CHECK(scalars.at("labels/memorised").at(2) == last.at("memorised").get<float>());
  CHECK(shown_events<std::string>(folder).at("test/confusion").size() == 2);

  CHECK(lines_in(folder + "/tensors.tsv") == kTest);
  CHECK(lines_in(folder + "/metadata.tsv") == kTest + 1);
  const std::string tensors = read_text(folder + "/tensors.tsv");
  CHECK(std::count(tensors.begin(), tensors.end(), '\t') == kTest * (512 - 1));

  REQUIRE(run(arguments + " --resume").code == 0);
  CHECK(event_files(folder).size() == 2);
  check_shown(folder);
}

TEST_CASE("cli tensorboard: a run without it writes nothing for it until it goes on with it") {
  const std::string folder = runs().path("later");
  const std::string arguments = runs().train("later", "--set method=baseline --set train.epochs=1");
  REQUIRE(run(arguments).code == 0);
  CHECK(event_files(folder).empty());
  CHECK_FALSE(fs::exists(folder + "/tensors.tsv"));
  const Outcome resumed = run(arguments + " --set train.tensorboard=true --resume");
  CAPTURE(resumed.err);
  REQUIRE(resumed.code == 0);
  check_shown(folder);
  CHECK(fs::exists(folder + "/projector_config.pbtxt"));
  check_refused(runs().train("refused", "--set train.tensorboard=yes"),
                "train.tensorboard: \"yes\"; expected true or false");
}

}  // namespace lanet::test::trained
