// Tables and pictures of an experiment, from run folders made by hand.
#include "train/experiment/report.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "core/files/file.h"
#include "tests/input_error.h"
#include "tests/temporary_folder.h"
#include "tests/xml.h"

namespace lanet::test {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;
using Words = std::vector<std::string>;

/// Two settings, two rates of noise and three seeds, of which the test says what came out.
class Runs {
 public:
  Runs() {
    folder_.write("faces.json", R"({"data": {"root": "faces"}, "method": "baseline",
                                    "train": {"epochs": 2}})");
    plan_ = load_plan(folder_.write("grid.json", R"({
        "config": "faces.json",
        "conditions": [{"name": "noise-0.0", "set": {"data.noise.rate": 0}},
                       {"name": "noise-0.3", "set": {"data.noise.rate": 0.3}}],
        "settings": [{"name": "plain"}, {"name": "ours", "set": {"train.learning_rate": 0.01}}],
        "seeds": [1, 2, 3], "reference": "plain"})"));
  }
  const ExperimentPlan& plan() const { return plan_; }
  ExperimentFolder folder() const { return {folder_.path() / "runs", std::nullopt}; }
  const TemporaryFolder& files() const { return folder_; }
  std::string path(const std::string& run) const {
    return (folder_.path() / "runs" / run).string();
  }

  /// A finished run whose mean accuracy is `accuracy`.
  void finish(const std::string& name, double accuracy, bool noise = true) const {
    const auto run = std::find_if(plan_.runs.begin(), plan_.runs.end(),
                                  [&](const auto& r) { return r.path == name; });
    REQUIRE(run != plan_.runs.end());
    write(name, "config.json", to_json(run->config));
    write(name, "summary.json",
          {{"best",
            {{"epoch", 1},
             {"accuracy", accuracy + 0.125},
             {"balanced_accuracy", accuracy},
             {"chosen_by", "validation"},
             {"val_accuracy", 0.75}}},
           {"last", {{"epoch", 2}, {"accuracy", accuracy - 0.125}, {"balanced_accuracy", 0.25}}},
           {"mean_last_five", accuracy},
           {"mean_last_five_balanced", accuracy / 2}});
    std::string lines;
    for (const int epoch : {1, 2}) {
      ordered_json line = {{"epoch", epoch},
                           {"train_accuracy", 0.5},
                           {"test_accuracy", accuracy},
                           {"seconds", 1800}};
      if (noise) {
        line["memorised"] = 0.25 * epoch;
        line["corrected"] = 0.5;
        line["label_accuracy"] = 0.875;
        line["label_average_precision"] = 0.8125;
        line["estimates_from_votes"] = 0.25;
      } else {
        line["memorised"] = nullptr;
      }
      lines += line.dump() + "\n";
    }
    folder_.write("runs/" + name + "/metrics.jsonl", lines);
  }
  void write(const std::string& run, const std::string& file, const ordered_json& content) const {
    folder_.write("runs/" + run + "/" + file, content.dump());
  }

 private:
  TemporaryFolder folder_;
  ExperimentPlan plan_;
};

Words lines_of(const std::string& text) {
  Words lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

bool has(const Words& lines, const std::string& line) {
  return std::find(lines.begin(), lines.end(), line) != lines.end();
}

void finish_noisy(const Runs& runs) {
  runs.finish("noise-0.3/plain/seed-1", 0.50);
  runs.finish("noise-0.3/plain/seed-2", 0.52);
  runs.finish("noise-0.3/plain/seed-3", 0.54);
  runs.finish("noise-0.3/ours/seed-1", 0.60);
  runs.finish("noise-0.3/ours/seed-3", 0.66);
}

}  // namespace

TEST_CASE("experiment report: the table of all runs has every figure, and says what is missing") {
  const Runs runs;
  finish_noisy(runs);
  runs.finish("noise-0.0/plain/seed-1", 0.75, /*noise=*/false);
  const Words lines = lines_of(results_csv(runs.plan(), read_results(runs.plan(), runs.folder())));
  REQUIRE(lines.size() == 13);
  CHECK(lines[0] ==
        "condition,setting,seed,state,best_by,accuracy,balanced_accuracy,last_accuracy,"
        "last_balanced_accuracy,best_accuracy,best_balanced_accuracy,best_epoch,"
        "best_validation_accuracy,train_accuracy,memorised,corrected,label_accuracy,"
        "label_average_precision,estimates_from_votes,given_from_votes,smoothed_from_votes,"
        "epochs,seconds");
  CHECK(
      lines[1] ==
      "noise-0.0,plain,1,finished,validation,0.75,0.375,0.625,0.25,0.875,0.75,1,0.75,0.5,,,,,,,,2,"
      "3600");
  CHECK(lines[2] == "noise-0.0,ours,1,missing,,,,,,,,,,,,,,,,,,,");
  CHECK(lines[7] ==
        "noise-0.3,plain,1,finished,validation,0.5,0.25,0.375,0.25,0.625,0.5,1,0.75,0.5,0.5,0.5,"
        "0.875,0.8125,0.25,,,2,3600");
  for (const std::string& line : lines)
    CHECK(std::count(line.begin(), line.end(), ',') ==
          std::count(lines[0].begin(), lines[0].end(), ','));
}

TEST_CASE("experiment report: means, deviations and paired differences of each condition") {
  const Runs runs;
  finish_noisy(runs);
  const Words lines =
      lines_of(results_markdown(runs.plan(), read_results(runs.plan(), runs.folder())));
  CHECK(lines[0] == "# grid");
  CHECK(lines[2] == "5 of 12 runs finished, 5:00 h of training.");
  CHECK(has(lines, "`best` is the epoch chosen by the validation faces."));
  CHECK(has(lines, "## noise-0.3"));
  CHECK(has(lines,
            "| setting | seeds | accuracy | balanced | best | last | accuracy − plain | balanced − "
            "plain |"));
  CHECK(has(lines, "| plain | 3 | 52.0 ± 2.0 | 26.0 ± 1.0 | 64.5 ± 2.0 | 39.5 ± 2.0 |  |  |"));
  // Seeds 1 and 3 have both: +10 and +12, t = 12.706 of one degree of freedom.
  CHECK(has(lines,
            "| ours | 2 of 3 | 63.0 ± 4.2 | 31.5 ± 2.1 | 75.5 ± 4.2 | 50.5 ± 4.2 | +11.0 (-1.7 to "
            "+23.7) | +5.5 (-0.9 to +11.9) |"));
  CHECK(has(lines, "| ours | 50.0 ± 0.0 | 50.0 ± 0.0 | 87.5 ± 0.0 | 0.812 ± 0.000 |"));
  CHECK(has(lines, "## noise-0.0"));
  CHECK(has(lines, "| ours | 0 of 3 | – | – | – | – | – | – |"));
}

TEST_CASE("experiment report: one seed has no deviation, and nothing has no rows of labels") {
  const Runs runs;
  runs.finish("noise-0.0/plain/seed-2", 0.75, /*noise=*/false);
  runs.finish("noise-0.0/ours/seed-2", 0.7, /*noise=*/false);
  const std::string text = results_markdown(runs.plan(), read_results(runs.plan(), runs.folder()));
  CHECK(has(lines_of(text), "| ours | 1 of 3 | 70.0 | 35.0 | 82.5 | 57.5 | -5.0 | -2.5 |"));
  CHECK(text.find("memorised") == std::string::npos);
}

TEST_CASE("experiment report: pictures of what there is, well-formed") {
  const Runs runs;
  CHECK(results_charts(runs.plan(), read_results(runs.plan(), runs.folder())).empty());
  finish_noisy(runs);
  runs.finish("noise-0.0/plain/seed-1", 0.75, /*noise=*/false);
  const auto charts = results_charts(runs.plan(), read_results(runs.plan(), runs.folder()));
  Words names;
  for (const auto& [name, chart] : charts) {
    names.push_back(name);
    CAPTURE(name);
    CHECK(parse_xml(svg_chart(chart)).size() > 20);
  }
  CHECK(names == Words{"accuracy-noise-0.0", "accuracy-noise-0.3", "memorised-noise-0.3", "noise"});
  CHECK(svg_chart(charts.at("accuracy-noise-0.3")).find(">ours (2 of 3 seeds)<") !=
        std::string::npos);
}

TEST_CASE("experiment report: is written where the results lie, and again over the last one") {
  const Runs runs;
  const ExperimentFolder folder(runs.files().path() / "runs", runs.files().path() / "record");
  write_report(runs.plan(), folder);
  finish_noisy(runs);
  write_report(runs.plan(), folder);
  const fs::path results = runs.files().path() / "record";
  CHECK(read_text(results / "table.csv") ==
        results_csv(runs.plan(), read_results(runs.plan(), folder)));
  CHECK(read_text(results / "table.md").find("5 of 12 runs finished") != std::string::npos);
  CHECK(fs::exists(results / "noise.svg"));
  CHECK_FALSE(fs::exists(runs.path("table.md")));
}

TEST_CASE("experiment report: the record is enough") {
  const Runs runs;
  finish_noisy(runs);
  for (const char* run :
       {"plain/seed-1", "plain/seed-2", "plain/seed-3", "ours/seed-1", "ours/seed-3"})
    runs.write(std::string("noise-0.3/") + run, "environment.json", {{"threads", 2}});
  const ExperimentFolder here(runs.files().path() / "runs", runs.files().path() / "record");
  const ExperimentFolder elsewhere(runs.files().path() / "none", runs.files().path() / "record");
  for (const ExperimentPlan::Run& run : runs.plan().runs)
    if (here.state(run) == RunState::finished) here.record(run);
  CHECK(results_csv(runs.plan(), read_results(runs.plan(), elsewhere)) ==
        results_csv(runs.plan(), read_results(runs.plan(), here)));
}

TEST_CASE("experiment report: files that no run has written are named") {
  const Runs runs;
  const std::string name = "noise-0.3/plain/seed-1";
  auto refusal = [&] { return input_error([&] { read_results(runs.plan(), runs.folder()); }); };
  runs.finish(name, 0.5);
  CHECK(refusal() == "");
  runs.files().write("runs/" + name + "/summary.json", "{");
  CHECK(refusal() == runs.path(name) + "/summary.json: expected the summary of a run");
  runs.write(name, "summary.json", {{"last", {{"epoch", 2}}}});
  CHECK(refusal() == runs.path(name) + "/summary.json: best: missing; expected an object");
  runs.finish(name, 0.5);
  runs.files().write("runs/" + name + "/metrics.jsonl", "{\"epoch\": 1}\n");
  CHECK(refusal() ==
        runs.path(name) + "/metrics.jsonl:1: test_accuracy: missing; expected a number");
  runs.files().write("runs/" + name + "/metrics.jsonl", "no\n");
  CHECK(refusal() == runs.path(name) + "/metrics.jsonl:1: expected a JSON object of a run");
}

}  // namespace lanet::test
