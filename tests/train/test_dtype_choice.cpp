// What train.dtype auto becomes.
#include "train/dtype_choice.h"

#include <doctest/doctest.h>

#include "kernels/cpu_features.h"
#include "tests/input_error.h"
#include "tests/train/run_metrics.h"
#include "tests/train/trained_runs.h"
#include "train/run_folder.h"

namespace lanet::test {

using namespace trained;

TEST_CASE("dtype choice: auto becomes the faster of f32 and bf16, and the line says why") {
  Context context;
  Config config;
  config.train.dtype = DTypeSetting::automatic;
  const std::string line = choose_dtype(config, context);
  CAPTURE(line);
  const bool bf16 = config.train.dtype == DTypeSetting::bf16;
  CHECK((bf16 || config.train.dtype == DTypeSetting::f32));
  CHECK(line.starts_with(bf16 ? "train.dtype: bf16 (" : "train.dtype: f32 ("));
  CHECK(line.ends_with(onednn_has_bf16() ? " in bf16)" : "has no fast bf16)"));
  CHECK((onednn_has_bf16() || !bf16));
}

TEST_CASE("dtype choice: a type that is given stays") {
  Context context;
  for (const DTypeSetting dtype : {DTypeSetting::f32, DTypeSetting::bf16, DTypeSetting::f64}) {
    Config config;
    config.train.dtype = dtype;
    CHECK(choose_dtype(config, context).empty());
    CHECK(config.train.dtype == dtype);
  }
}

TEST_CASE("dtype choice: a run keeps the type that auto became") {
  const std::string arguments =
      runs().train("auto", "--set method=baseline --set train.epochs=1 --dtype auto");
  const Outcome started = run(arguments);
  CAPTURE(started.err);
  REQUIRE(started.code == 0);
  const Config config = RunFolder::open(runs().path("auto")).config();
  CHECK(started.err.find(fmt::format("\ntrain.dtype: {} (", name_of(config.train.dtype))) !=
        std::string::npos);

  const Outcome resumed = run(arguments + " --set train.epochs=2 --resume");
  CAPTURE(resumed.err);
  CHECK(resumed.code == 0);
  CHECK(resumed.err.find("train.dtype") == std::string::npos);  // nothing is measured
  CHECK(metrics(runs().path("auto")).size() == 2);
  CHECK(RunFolder::open(runs().path("auto")).config().train.dtype == config.train.dtype);

  check_refused("eval " + runs().path("auto") + " --dtype auto",
                "train.dtype: \"auto\" is for training; expected f32, bf16 or f64");
}

}  // namespace lanet::test
