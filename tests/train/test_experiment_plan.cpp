// Plans of experiments: which runs they list, in which order, and what is refused.
#include "train/experiment/plan.h"

#include "tests/files.h"
#include "tests/input_error.h"
#include "tests/temporary_folder.h"

namespace lanet::test {
namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

/// A folder with a configuration, where plans are tried.
class Plans {
 public:
  Plans() {
    folder_.write("configs/faces.json", R"({"data": {"root": "faces", "landmarks": "l.csv"}})");
  }
  ExperimentPlan load(const std::string& text, const Words& overrides = {}) const {
    return load_plan(folder_.write("plans/grid.json", text), overrides);
  }
  /// Why a plan is refused, without the folder's name.
  std::string refusal(const std::string& text, const Words& overrides = {}) const {
    std::string message = input_error([&] { load(text, overrides); });
    CHECK(message.find('\n') == std::string::npos);
    const std::string prefix = (folder_.path() / "plans/").string();
    return message.starts_with(prefix) ? message.substr(prefix.size()) : message;
  }
  fs::path path(const std::string& name) const { return folder_.path() / name; }

 private:
  TemporaryFolder folder_;
};

/// A plan with `more` in it.
std::string plan_with(const std::string& more) {
  return R"({"config": "../configs/faces.json", )" + more + "}";
}

const std::string kSettings = R"("settings": [{"name": "lanet"}])";
const std::string kSeeds = R"("seeds": [1])";

}  // namespace

TEST_CASE("experiment plan: runs come by condition, then by seed, then by setting") {
  const Plans plans;
  const ExperimentPlan plan = plans.load(plan_with(R"(
      "set": {"train.epochs": 7, "train.batch": 16},
      "conditions": [{"name": "noise-0.0", "set": {"data.noise.rate": 0}},
                     {"name": "mistaken", "set": {"data.noise.rate": 0.3,
                                                  "data.noise.kind": "class_dependent"}}],
      "settings": [{"name": "plain", "set": {"method": "baseline"}},
                   {"name": "lanet", "set": {"train.batch": 32}}],
      "seeds": [3, 1], "reference": "plain")"));
  CHECK(plan.name == "grid");
  CHECK(plan.settings == Words{"plain", "lanet"});
  CHECK(plan.seeds == std::vector<int64_t>{3, 1});
  CHECK(plan.reference == 0u);
  REQUIRE(plan.conditions.size() == 2);
  CHECK(plan.conditions[0].name == "noise-0.0");
  CHECK(plan.conditions[0].noise_rate == 0.0);
  CHECK(plan.conditions[1].noise_rate == std::nullopt);
  Words paths;
  for (const ExperimentPlan::Run& run : plan.runs) paths.push_back(run.path.string());
  CHECK(paths == Words{"noise-0.0/plain/seed-3", "noise-0.0/lanet/seed-3", "noise-0.0/plain/seed-1",
                       "noise-0.0/lanet/seed-1", "mistaken/plain/seed-3", "mistaken/lanet/seed-3",
                       "mistaken/plain/seed-1", "mistaken/lanet/seed-1"});
  const ExperimentPlan::Run& run = plan.runs[5];
  CHECK(run.condition == 1);
  CHECK(run.setting == 1);
  CHECK(run.seed == 3);
  CHECK(run.config.seed == 3);
  CHECK(run.config.method == Method::lanet);
  CHECK(run.config.train.epochs == 7);
  CHECK(run.config.train.batch == 32);  // a setting's word is over the plan's
  CHECK(run.config.data.noise.kind == NoiseKind::class_dependent);
  CHECK(plan.runs[4].config.train.batch == 16);
}

TEST_CASE("experiment plan: conditions and reference may be left out") {
  const ExperimentPlan plan = Plans().load(plan_with(kSettings + ", " + kSeeds));
  REQUIRE(plan.conditions.size() == 1);
  CHECK(plan.conditions[0].name == "");
  CHECK_FALSE(plan.reference);
  REQUIRE(plan.runs.size() == 1);
  CHECK(plan.runs[0].path == "lanet/seed-1");
}

TEST_CASE("experiment plan: paths are taken from the file that names them, --set lies on top") {
  const Plans plans;
  const std::string text =
      plan_with(R"("set": {"data.root": "other"}, )" + kSettings + ", " + kSeeds);
  CHECK(plans.load(text).runs[0].config.data.root == plans.path("plans/other").string());
  CHECK(plans.load(plan_with(kSettings + ", " + kSeeds)).runs[0].config.data.root ==
        plans.path("configs/faces").string());
  const Words set = {"data.root=/faces", "train.epochs=2"};
  CHECK(plans.load(text, set).runs[0].config.data.root == "/faces");
  CHECK(plans.load(text, set).runs[0].config.train.epochs == 2);
}

TEST_CASE("experiment plan: what is wrong is told in one line") {
  const Plans plans;
  auto refused = [&](const std::string& more) { return plans.refusal(plan_with(more)); };
  const std::string both = kSettings + ", " + kSeeds;
  CHECK(plans.refusal("[]") == "grid.json: an array; expected an object");
  CHECK(plans.refusal("{").starts_with("grid.json: not JSON: line 1"));
  CHECK(refused(both + R"(, "seeds": [2])") ==
        "grid.json: 'seeds' occurs twice in one object; expected it once");
  CHECK(refused(both + R"(, "setings": [])") ==
        "grid.json: setings: unknown key; did you mean 'settings'?");
  CHECK(plans.refusal("{" + both + "}") ==
        "grid.json: config: missing; expected the path of a configuration");
  CHECK(plans.refusal(R"({"config": 3, )" + both + "}") ==
        "grid.json: config: 3; expected the path of a configuration");
  CHECK(plans.refusal(R"({"config": "no.json", )" + both + "}") ==
        "no.json: no such file; expected a configuration file (JSON)");

  const std::string list = "a list of objects with \"name\" and \"set\"";
  CHECK(refused(kSeeds) == "grid.json: settings: missing; expected " + list);
  CHECK(refused(kSeeds + R"(, "settings": [])") ==
        "grid.json: settings: an array; expected " + list);
  CHECK(refused(kSeeds + R"(, "settings": ["a"])") ==
        "grid.json: settings[0]: \"a\"; expected an object with \"name\" and \"set\"");
  CHECK(refused(both + R"(, "conditions": [{"name": "a", "sett": {}}])") ==
        "grid.json: conditions[0].sett: unknown key; did you mean 'set'?");
  CHECK(refused(both + R"(, "conditions": [{}])") ==
        "grid.json: conditions[0].name: missing; expected a name");
  const std::string name =
      "expected a name for a folder: at most 60 letters, digits and '.', '_', '-', '+', with a "
      "letter or a digit first";
  for (const std::string& bad : {std::string("../a"), std::string(""), std::string(".a"),
                                 std::string("a b"), std::string(61, 'a')})
    CHECK(refused(both + R"(, "conditions": [{"name": ")" + bad + "\"}]") ==
          "grid.json: conditions[0].name: \"" + bad + "\"; " + name);
  CHECK(refused(kSeeds + R"(, "settings": [{"name": "a"}, {"name": "a"}])") ==
        "grid.json: settings[1].name: \"a\"; expected a name that is not used yet");
  CHECK(refused(both + R"(, "set": [])") ==
        "grid.json: set: an array; expected an object of fields and values");

  CHECK(refused(kSettings) ==
        "grid.json: seeds: missing; expected a list of different integers from 0 to 2^53");
  const std::string seed = "expected an integer from 0 to 2^53 that is not in the list yet";
  CHECK(refused(kSettings + R"(, "seeds": [1, 1])") == "grid.json: seeds[1]: 1; " + seed);
  CHECK(refused(kSettings + R"(, "seeds": [-1])") == "grid.json: seeds[0]: -1; " + seed);
  CHECK(refused(kSettings + R"(, "seeds": [1.5])") == "grid.json: seeds[0]: 1.5; " + seed);
  CHECK(refused(both + R"(, "set": {"seed": 3})") ==
        "grid.json: set.seed: expected only in \"seeds\"");
  CHECK(plans.refusal(plan_with(both), {"seed=3"}) ==
        "--set seed=3: the seeds of an experiment come from its plan, or from --seeds");
  CHECK(refused(both + R"(, "reference": "lanett")") ==
        "grid.json: reference: \"lanett\"; expected the name of a setting; did you mean 'lanet'?");
  CHECK(refused(both + R"(, "reference": 1)") ==
        "grid.json: reference: 1; expected the name of a setting");
}

TEST_CASE("experiment plan: other seeds can take the place of its own, each once") {
  const TemporaryFolder folder;
  folder.write("faces.json", R"({"data": {"root": "faces", "landmarks": "l.csv"}})");
  const auto plan = folder.write(
      "grid.json", R"({"config": "faces.json", "settings": [{"name": "a"}], "seeds": [1]})");
  const ExperimentPlan loaded = load_plan(plan, {}, {5, 3});
  CHECK(loaded.seeds == std::vector<int64_t>{5, 3});
  REQUIRE(loaded.runs.size() == 2);
  CHECK(loaded.runs[0].config.seed == 5);
  CHECK_THROWS_WITH_AS(load_plan(plan, {}, {5, 5}),
                       "--seeds: 5 occurs twice; expected different seeds", InputError);
}

TEST_CASE("experiment plan: a field that no configuration has, or a bad value, is told by place") {
  const Plans plans;
  auto refused = [&](const std::string& more) {
    std::string message = plans.refusal(plan_with(kSeeds + ", " + more));
    return message;
  };
  CHECK(refused(kSettings + R"(, "set": {"train.epoch": 3})") ==
        "grid.json: set: train.epoch: unknown key; did you mean 'train.epochs'?");
  CHECK(refused(R"("settings": [{"name": "a"}, {"name": "b", "set": {"method": "lanett"}}])") ==
        "grid.json: settings[1].set: method: \"lanett\"; expected one of lanet, baseline, "
        "corrected, confident_learning, label_smoothing, elr; did you mean 'lanet'?");
  CHECK(
      refused(kSettings + R"(, "conditions": [{"name": "a", "set": {"data.noise.rate": 1.5}}])") ==
      "grid.json: conditions[0].set: data.noise.rate: 1.5; expected a number from 0 to 1");
  CHECK(refused(R"("settings": [{"name": "a", "set": {"data.landmarks": null}}])") ==
        "grid.json: a/seed-1: data.landmarks: null; expected a landmark file, which method lanet "
        "trains with (baseline needs none)");
}

TEST_CASE("experiment plan: the plans that come with the program are accepted") {
  int count = 0;
  for (const auto& entry : fs::directory_iterator(tests_folder() / "../configs/experiments")) {
    CAPTURE(entry.path());
    CHECK_NOTHROW(load_plan(entry.path()));
    ++count;
  }
  CHECK(count >= 1);
}

}  // namespace lanet::test
