// The recipe that learns what is wrong with the labels first, as a user has it.
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/program.h"
#include "tests/train/run_metrics.h"

namespace lanet::test {
namespace {

/// A drawn data set and its configuration; made once for all tests of this file.
const TemporaryFolder& folder() {
  static const TemporaryFolder folder;
  static const bool drawn = [] {
    REQUIRE(
        run("synth --out " + (folder.path() / "faces").string() + " --train 24 --test 6 --size 64")
            .code == 0);
    folder.write("faces.json", R"({
        "data": {"root": "faces", "landmarks": "landmarks_19.csv", "landmark_size": 64,
                 "image_size": 64, "noise": {"rate": 0.3}},
        "model": {"recipe": "robust", "noise_floor": 0.3},
        "train": {"batch": 12, "epochs": 1}})");
    return true;
  }();
  REQUIRE(drawn);
  return folder;
}

std::string train(const std::string& name, const std::string& more = "") {
  return "train " + (folder().path() / "faces.json").string() + " --run " +
         (folder().path() / name).string() + " " + more;
}

std::vector<double> numbers(const std::string& line) {
  std::vector<double> values;
  std::istringstream cells(line.substr(line.find(',') + 1));
  for (std::string cell; std::getline(cells, cell, ',');) values.push_back(std::stod(cell));
  return values;
}

}  // namespace

TEST_CASE("cli train: the robust recipe says what noise it found and leaves it in the run") {
  const Outcome outcome = run(train("robust"));
  CAPTURE(outcome.err);
  REQUIRE(outcome.code == 0);
  CHECK(outcome.err.find("\nnoise: ") != std::string::npos);

  std::istringstream channel(read_text(folder().path() / "robust/channel.csv"));
  std::string line;
  std::getline(channel, line);
  CHECK(line == "true_label,anger,disgust,fear,happiness,sadness,surprise,neutral");
  int rows = 0;
  for (; std::getline(channel, line); ++rows) {
    CAPTURE(line);
    double sum = 0;
    for (const double share : numbers(line)) sum += share;
    CHECK(sum == doctest::Approx(1).epsilon(1e-3));
  }
  CHECK(rows == 7);
  const nlohmann::json record = metrics((folder().path() / "robust").string()).at(0);
  CHECK(record.at("losses").size() == 2);  // the one loss is the total
  CHECK(record.at("label_accuracy").is_number());
  CHECK(record.at("estimates_spread").get<double>() > 0.05);
  CHECK_FALSE(record.contains("neighbour_entropy"));
}

TEST_CASE("cli train: labels corrected once are the estimates to the end") {
  const Outcome outcome = run(train("corrected", "--set method=corrected"));
  CAPTURE(outcome.err);
  REQUIRE(outcome.code == 0);
  const nlohmann::json record = metrics((folder().path() / "corrected").string()).at(0);
  CHECK(record.at("estimates_confident").get<double>() == doctest::Approx(1));
}

TEST_CASE("cli train: what starts from landmarks is refused without them") {
  for (const std::string method : {"lanet", "corrected"}) {
    const Outcome outcome = run(train("none", "--set data.landmarks=null --set method=" + method));
    CHECK(outcome.code == 2);
    CHECK(outcome.err.find("data.landmarks: null; expected a landmark file, which method " +
                           method + " trains with") != std::string::npos);
  }
  const auto csv = folder().path() / "faces/landmarks_19.csv";
  std::string invalid = read_text(csv);
  std::ofstream(folder().path() / "faces/none.csv") << invalid.substr(0, invalid.find('\n') + 1);
  const Outcome outcome = run(train("none", "--set data.landmarks=none.csv"));
  CHECK(outcome.code == 2);
  CHECK(outcome.err.find("none.csv") != std::string::npos);
}

}  // namespace lanet::test
