// Trainings by several processes, and the same by one.
#pragma once

#include <cmath>

#include "tests/program.h"
#include "tests/train/mpirun.h"
#include "tests/train/run_metrics.h"
#include "train/checkpoint.h"

namespace lanet::test::ranked {

/// A drawn data set, its configuration, and runs on it; made once for all tests of a file.
class Runs {
 public:
  Runs() {
    REQUIRE(run("synth --out " + path("faces") + " --train 20 --test 9 --size 64").code == 0);
    folder_.write("faces.json", R"({
        "data": {"root": "faces", "landmarks": "landmarks_19.csv", "landmark_size": 64,
                 "image_size": 64, "noise": {"rate": 0.3}},
        "model": {"neighbours": 4, "bank": 20},
        "train": {"batch": 8, "epochs": 4, "dtype": "f64", "device": "cpu"}})");
  }
  std::string path(const std::string& name) const { return (folder_.path() / name).string(); }
  std::string train(const std::string& name, const std::string& more) const {
    return "train " + path("faces.json") + " --run " + path(name) + " " + more;
  }
  /// A finished run of one process.
  std::string alone() const {
    static const Outcome outcome = run(train("alone", ""));
    REQUIRE(outcome.code == 0);
    return path("alone");
  }

 private:
  TemporaryFolder folder_;
};

inline const Runs& runs() {
  static const Runs runs;
  return runs;
}

/// Checks that two runs are the same training but for the order of sums.
inline void check_same(const std::string& run, const std::string& other) {
  const std::vector<nlohmann::json> a = metrics(run), b = metrics(other);
  REQUIRE(a.size() == b.size());
  for (size_t epoch = 0; epoch < a.size(); ++epoch) {
    for (const auto& [name, loss] : b[epoch]["losses"].items()) {
      CAPTURE(name);
      CHECK(std::abs(a[epoch]["losses"][name].get<double>() / loss.get<double>() - 1) < 1e-10);
    }
    for (const char* key : {"train_accuracy", "test_accuracy", "test_recall", "learning_rate",
                            "memorised", "corrected", "label_accuracy"})
      CHECK(a[epoch][key] == b[epoch][key]);
    CHECK(b[epoch].contains("val_accuracy") == a[epoch].contains("val_accuracy"));
    if (b[epoch].contains("val_accuracy"))
      CHECK(a[epoch]["val_accuracy"] == b[epoch]["val_accuracy"]);
  }
  NamedArrays x = read_checkpoint(run + "/last.safetensors");
  NamedArrays y = read_checkpoint(other + "/last.safetensors");
  for (NamedArrays* file : {&x, &y})  // of lines with losses, which are the same to rounding
    CHECK(file->metadata.erase("metrics") == 1);
  CHECK(x.arrays.size() == y.arrays.size());
  CHECK(x.metadata == y.metadata);
  for (const auto& [name, array] : y.arrays) {
    const std::vector<double> of_x = x.arrays.at(name).to<double>(), of_y = array.to<double>();
    double difference = 0, largest = 0;
    for (size_t i = 0; i < of_y.size(); ++i) {
      difference = std::max(difference, std::abs(of_x[i] - of_y[i]));
      largest = std::max(largest, std::abs(of_y[i]));
    }
    CAPTURE(name);
    CHECK(difference <= 1e-7 * largest);
  }
}

}  // namespace lanet::test::ranked
