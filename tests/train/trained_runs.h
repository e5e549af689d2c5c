// Trainings by the program of one process, and what eval says of them.
#pragma once

#include "tests/program.h"

namespace lanet::test::trained {

inline constexpr int kTrain = 20, kTest = 8, kEpochs = 4;

/// A drawn data set, its configuration, and runs on it; made once for all tests of a file.
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

inline const Runs& runs() {
  static const Runs runs;
  return runs;
}

/// The faces in a confusion matrix.
inline int64_t sum(const nlohmann::json& confusion) {
  int64_t total = 0;
  for (const nlohmann::json& row : confusion)
    for (const nlohmann::json& count : row) total += count.get<int64_t>();
  return total;
}

/// What eval prints with --json.
inline nlohmann::json eval(const std::string& arguments) {
  const Outcome outcome = run("eval " + arguments + " --json");
  CAPTURE(outcome.err);
  REQUIRE(outcome.code == 0);
  CHECK(std::count(outcome.out.begin(), outcome.out.end(), '\n') == 1);
  nlohmann::json result = nlohmann::json::parse(outcome.out);
  for (const char* key : {"accuracy", "balanced_accuracy", "recall", "confusion"})
    CHECK(result.contains(key));
  return result;
}

}  // namespace lanet::test::trained
