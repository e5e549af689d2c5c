// What tests of whole runs on CUDA devices share: a small run and its losses.
#pragma once

#include "tests/program.h"
#include "tests/train/run_metrics.h"

namespace lanet::test {

/// A few drawn faces and a configuration whose epoch is one step.
class SmallFaces : public TemporaryFolder {
 public:
  SmallFaces() {
    REQUIRE(run_shell(program() + " synth --out " + (path() / "faces").string() +
                      " --train 24 --test 9 --size 64")
                .code == 0);
    write("faces.json", R"({
        "data": {"root": "faces", "landmarks": "landmarks_19.csv", "landmark_size": 64,
                 "image_size": 64},
        "model": {"neighbours": 4, "bank": 24}, "train": {"batch": 24, "dtype": "f32"}})");
  }
};

/// A small run with these options; its folder.
inline std::string trained(const SmallFaces& folder, const std::string& name,
                           const std::string& launcher, const std::string& options) {
  const std::string path = (folder.path() / name).string();
  const Outcome outcome =
      run_shell(launcher + program() + " train " + (folder.path() / "faces.json").string() +
                " --run " + path + " --device cuda --no-graph --set train.epochs=2 " + options);
  CAPTURE(outcome.err);
  REQUIRE(outcome.code == 0);
  return path;
}

/// The first step is the same to rounding.
inline void check_first_losses(const std::string& run, const std::string& other) {
  const auto a = metrics(run).at(0)["losses"], b = metrics(other).at(0)["losses"];
  for (const auto& [name, loss] : b.items()) {
    CAPTURE(name);
    CHECK(a[name].get<double>() == doctest::Approx(loss.get<double>()).epsilon(1e-5));
  }
}

}  // namespace lanet::test
