// The page about runs: what it says, that it needs nothing else, and what it refuses.
#include "train/report/report.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "core/files/file.h"
#include "tests/input_error.h"
#include "tests/train/written_run.h"
#include "tests/xml.h"

namespace lanet::test {
namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

/// The elements of a page, which is well-formed.
std::vector<XmlElement> elements_of(const std::string& page) {
  const std::string type = "<!DOCTYPE html>\n";
  REQUIRE(page.starts_with(type));
  return parse_xml(page.substr(type.size()));
}

/// The texts of the page's table cells, row by row, each cell followed by "|".
Words rows_of(const std::string& page) {
  Words rows;
  for (const XmlElement& element : elements_of(page)) {
    if (element.name == "tr") rows.emplace_back();
    if ((element.name == "th" || element.name == "td") && !rows.empty())
      rows.back() += element.text + "|";
  }
  return rows;
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

bool has_row(const std::string& page, const std::string& row) {
  const Words rows = rows_of(page);
  return std::find(rows.begin(), rows.end(), row) != rows.end();
}

void check_refers_to_nothing(const std::string& page) {
  for (const char* word :
       {"http:", "https:", "//", "@import", "url(", "<script", "<link", "<iframe"}) {
    CAPTURE(word);
    CHECK_FALSE(has(page, word));
  }
  for (const XmlElement& element : elements_of(page))
    for (const auto& [name, value] : element.attributes) {
      CHECK(name != "href");
      CHECK_FALSE(name.starts_with("on"));
      if (name == "src") CHECK(value.starts_with("data:"));
    }
}

/// WCAG's relative luminance of "#rrggbb", mixed with a share of another.
double luminance(const std::string& colour, const std::string& over = "", double share = 0) {
  const double weights[] = {0.2126, 0.7152, 0.0722};
  double sum = 0;
  for (int i = 0; i < 3; ++i) {
    const auto part = [&](const std::string& text) {
      return std::stoi(text.substr(1 + 2 * i, 2), nullptr, 16) / 255.0;
    };
    const double value =
        over.empty() ? part(colour) : (1 - share) * part(colour) + share * part(over);
    sum += weights[i] * (value <= 0.04045 ? value / 12.92 : std::pow((value + 0.055) / 1.055, 2.4));
  }
  return sum;
}

double contrast(double a, double b) {
  return (std::max(a, b) + 0.05) / (std::min(a, b) + 0.05);
}

}  // namespace

TEST_CASE("report: the page is well-formed, and refers to nothing outside itself") {
  const TemporaryFolder folder;
  const WrittenRun run;
  const fs::path one = run.write(folder, "runs/one");
  WrittenRun other = run;
  other.config["seed"] = 2;
  const fs::path two = other.write(folder, "runs/two");
  check_refers_to_nothing(run_report({one}, {.faces = false}));
  check_refers_to_nothing(run_report({one, two}, {.faces = true}));
}

TEST_CASE("report: its figures are those of the metrics and the summary") {
  const TemporaryFolder folder;
  const std::string page = run_report({WrittenRun().write(folder, "one")}, {.faces = false});
  // Of eight faces 2, 8 and 5 are right.
  CHECK(has_row(page, "mean of the last 3 epochs|62.5 %|30.6 to 86.3|62.5 %|"));
  CHECK(has_row(page, "last epoch, 3|62.5 %|30.6 to 86.3|62.5 %|"));
  CHECK(has_row(page, "best epoch, 2|100.0 %|67.6 to 100.0|100.0 %|"));
  CHECK(has(page, "The test set chose the best epoch"));
  CHECK(has(page, "<b>12.5 %</b>"));  // memorised
  CHECK(has(page, "of 1 wrong labels among 3, after the last epoch; 87.5 % of these faces"));
  CHECK(has_row(page, "sad||75.0|30.1 to 95.4|4|"));
  CHECK(has_row(page, "sad|3|1|"));
  CHECK(has_row(page, "a < \"b\" & c|2|2|"));
  CHECK(has_row(page, "train.epochs|3|80|"));
  CHECK_FALSE(has(page, "data.image_size"));  // has its default
  CHECK(has_row(page, fmt::format("{}/one|3 of 3|12 s|11.0|f32|auto|–|3|9.9|",
                                  folder.path().filename().string())));
  CHECK_FALSE(has(page, "Not recorded"));
}

TEST_CASE("report: the most doubtful faces come first, with what they are") {
  const TemporaryFolder folder;
  const std::string page = run_report({WrittenRun().write(folder, "one")}, {.faces = true});
  CHECK(has(page, "2 of the 3 labels are more probably wrong than right"));
  const size_t third = page.find("<div>3.png<br/>"), first = page.find("<div>&lt;1&gt;.png<br/>"),
               second = page.find("<div>2.png<br/>");
  CHECK(third < first);
  CHECK(first < second);
  CHECK(second != std::string::npos);
  CHECK(has(page, "labelled <b>sad</b>, truly <b>a &lt; &quot;b&quot; &amp; c</b>"));
  CHECK(has(page, "the 2 right labels"));
  CHECK(has(page, "the 1 wrong label<"));
  CHECK(has(page, "There are no pictures: the data cannot be read ("));
  CHECK_FALSE(has(run_report({folder.path() / "one"}, {.faces = false}), "There are no pictures"));
}

TEST_CASE("report: the map has a point for each face, hollow where another class is predicted") {
  const TemporaryFolder folder;
  const FeatureMap map{.points = {-2, 0, 2, 0, 0, 1, 0, -1},
                       .classes = {0, 0, 1, 1},
                       .predicted = {0, 1, 1, 1},
                       .test_faces = 9};
  const std::string page =
      run_report({WrittenRun().write(folder, "one")}, {.faces = false, .map = map});
  CHECK(has(page, "4 of 9 faces by class"));
  const size_t begin = page.find("<figure class=\"map\">"), end = page.find("</figure>", begin);
  REQUIRE(end != std::string::npos);
  std::map<std::string, std::string> paths;
  for (const XmlElement& element : parse_xml(page.substr(begin, end + 9 - begin) + "\n"))
    if (element.name == "path" && !element.attributes.at("d").starts_with("M0 0"))
      paths[element.attributes.at("class")] = element.attributes.at("d");
  // 4 wide, so that the outermost points are at the margin of 8; as high as it has to be.
  CHECK(has(page, "viewBox=\"0 0 400 208\""));
  REQUIRE(paths.size() == 3);
  CHECK(paths.at("point c0").starts_with("M8.0 104.0m"));
  CHECK(paths.at("hollow c0").starts_with("M392.0 104.0m"));
  CHECK(paths.at("point c1").starts_with("M200.0 200.0m"));
  CHECK(has(paths.at("point c1"), "zM200.0 8.0m"));
  check_refers_to_nothing(page);

  CHECK(has(run_report({folder.path() / "one"}, {.test_set_read = false}),
            "There is no map of the features: the checkpoint or the data cannot be read."));
  const std::string by_train = run_report({folder.path() / "one"}, {});
  CHECK_FALSE(has(by_train, "class=\"map\""));
  CHECK_FALSE(has(by_train, "no map"));
}

TEST_CASE("report: faces that all have the same features are in the middle of the map") {
  const TemporaryFolder folder;
  const FeatureMap map{
      .points = {0, 0, 0, 0}, .classes = {0, 1}, .predicted = {0, 1}, .test_faces = 2};
  CHECK(has(run_report({WrittenRun().write(folder, "one")}, {.map = map}), "\"M200.0 80.0m"));
}

TEST_CASE("report: what a landmark branch sees is drawn on the faces, if these are shown") {
  const TemporaryFolder folder;
  const fs::path one = WrittenRun().write(folder, "one");
  LandmarkFace face{.name = "<5>.png",
                    .truth = 1,
                    .picture = {8, 8, std::vector<uint8_t>(8 * 8 * 3, 100)},
                    .heat = {0, 0, 0, 0}};
  const auto page_of = [&](bool faces) {
    return run_report({one}, {.faces = faces, .landmark_faces = {face}});
  };
  const std::string cold = page_of(true);
  CHECK(has(cold, "<h2>Landmarks</h2>"));
  CHECK(has(cold, "&lt;5&gt;.png<br/>truly <b>a &lt; &quot;b&quot; &amp; c</b>"));
  check_refers_to_nothing(cold);
  face.heat[3] = 2;
  CHECK(page_of(true) != cold);
  face.heat[3] = -2;  // no less than nothing
  CHECK(page_of(true) == cold);
  CHECK_FALSE(has(page_of(false), "Landmarks"));
  CHECK_FALSE(has(run_report({one}, {}), "Landmarks"));
}

TEST_CASE("report: what an earlier version did not record is said, and the rest is there") {
  const TemporaryFolder folder;
  WrittenRun run;
  run.recent = false;
  const std::string page = run_report({run.write(folder, "one")}, {.faces = true});
  CHECK(has_row(page, "last epoch, 3|62.5 %|62.5 %|"));
  CHECK(has_row(page, "class 0||75.0|"));
  CHECK(has(page, "There is no confusion matrix: it was not recorded."));
  for (const char* what :
       {"the confusion matrix and the number of test faces", "the names of the classes",
        "the label estimates", "which training labels are wrong", "the environment"})
    CHECK(page.find(what, page.find("Not recorded: ")) != std::string::npos);
}

TEST_CASE("report: runs that differ in their seed alone are taken together") {
  const TemporaryFolder folder;
  WrittenRun run;
  std::vector<fs::path> paths;
  for (const std::string method : {"baseline", "lanet"})
    for (const int seed : {1, 2}) {
      run.config["method"] = method;
      run.config["seed"] = seed;
      run.config["train"]["threads"] = seed;
      run.confusions.back() =
          Confusion(2, {4, 0, method == "lanet" ? 1 : 3, method == "lanet" ? 3 : 1});
      if (seed == 2) run.confusions[0] = Confusion(2, {4, 0, 0, 4});
      paths.push_back(run.write(folder, fmt::format("{}/seed-{}", method, seed)));
    }
  const std::string page = run_report(paths, {.faces = false});
  CHECK(has_row(page, "per cent|baseline|lanet|"));
  CHECK(has_row(page, "seeds|1, 2|1, 2|"));
  CHECK(has_row(page, "last epoch|62.5 ± 0.0|87.5 ± 0.0|"));
  // Baseline with seed 1: a mean of 2, 8 and 5 of eight; with seed 2 of 8, 8 and 5. LA-Net: 8,
  // 8, 7.
  CHECK(has_row(page, "accuracy|75.0 ± 17.7|95.8 ± 0.0|"));
  CHECK(has_row(page, "accuracy − baseline||+20.8(-138.0 to +179.7)|"));
  CHECK(has(page, "<th scope=\"row\">baseline/seed-1</th>"));
  CHECK(has(page, "2 seeds together"));
  CHECK(has_row(page, "method|baseline|lanet|lanet|"));
  CHECK(is_line_with(input_error([&] {
                       run_report({paths[0], paths[0]}, {.faces = false});
                     }),
                     "given twice"));
}

TEST_CASE("report: a folder that no run wrote is refused in one line") {
  const TemporaryFolder folder;
  const WrittenRun run;
  const auto refusal = [&] {
    return input_error([&] { run_report({folder.path() / "one"}, {.faces = true}); });
  };
  CHECK(is_line_with(refusal(), "no such folder; expected a run"));
  const auto with = [&](const std::string& file, const std::string& text) {
    run.write(folder, "one");
    folder.write("one/" + file, text);
    CAPTURE(file);
    CAPTURE(text);
    const std::string message = refusal();
    CHECK(is_line_with(message, file));
    return message;
  };
  auto line = run.line(2);
  const std::string before = run.line(0).dump() + "\n" + run.line(1).dump() + "\n";
  const auto last = [&](const char* key, const nlohmann::ordered_json& value) {
    auto changed = line;
    changed[key] = value;
    return with("metrics.jsonl", before + changed.dump() + "\n");
  };
  CHECK(has(with("summary.json", "{}"), "last.epoch"));
  CHECK(has(with("summary.json", "{"), "expected JSON"));
  CHECK(has(with("metrics.jsonl", before), "metrics.jsonl:3: missing"));
  CHECK(has(last("test_accuracy", "high"), "metrics.jsonl:3: test_accuracy"));
  CHECK(has(last("test_recall", nullptr), "metrics.jsonl:3: test_recall"));
  CHECK(has(last("test_confusion", {{1, 2}, {3}}), "metrics.jsonl:3: test_confusion"));
  CHECK(has(last("test_confusion", {{1, 2}, {3, -1}}), "metrics.jsonl:3: test_confusion"));
  CHECK(has(last("test_confusion", 7), "metrics.jsonl:3: test_confusion"));
  CHECK(has(with("classes.json", "[\"sad\"]"), "2 classes"));
  with("classes.json", "[1, 2]");
  with("labels.csv", "image,given_label,sad\n<1>.png,sad,1\n");
  with("labels.csv", "image,given_label\n");
  with("noise.csv", "image,true_label,given_label,changed\n<1>.png,sad,sad,0\n");
  with("noise.csv",
       "image,true_label,given_label,changed\n<1>.png,odd,sad,1\n2.png,sad,sad,0\n3.png,sad,sad,"
       "0\n");
  with("environment.json", "{");
  with("config.json", "{\"metod\": 1}");
  run.write(folder, "one");
  fs::remove(folder.path() / "one/summary.json");
  CHECK(is_line_with(refusal(), "has not finished an epoch"));
}

TEST_CASE("report: only a report is replaced") {
  const TemporaryFolder folder;
  const fs::path file = folder.path() / "a.html";
  CHECK_NOTHROW(require_report_or_nothing(file));
  folder.write("a.html", "<!DOCTYPE html>\n<html></html>\n");
  CHECK(is_line_with(input_error([&] { require_report_or_nothing(file); }), "not a report"));
  folder.write("a.html", run_report({WrittenRun().write(folder, "one")}, {.faces = false}));
  CHECK_NOTHROW(require_report_or_nothing(file));
  CHECK(
      is_line_with(input_error([&] { require_report_or_nothing(folder.path()); }), "not a report"));
}

TEST_CASE("report: texts and lines stand out on light and on dark pages") {
  const TemporaryFolder folder;
  const std::string page = run_report({WrittenRun().write(folder, "one")}, {.faces = false});
  const size_t dark = page.find("@media (prefers-color-scheme: dark)");
  REQUIRE(dark != std::string::npos);
  for (const size_t start : {page.find(":root"), dark}) {
    std::map<std::string, std::string> colours;
    for (const char* name :
         {"page", "text", "dim", "card", "c0", "c1", "c2", "c3", "c4", "c5", "c6"}) {
      const size_t at = page.find(fmt::format("--{}: #", name), start);
      REQUIRE(at != std::string::npos);
      colours[name] = page.substr(page.find('#', at), 7);
    }
    for (const char* ground : {"page", "card"}) {
      const double below = luminance(colours[ground]);
      for (const char* text : {"text", "dim"}) {
        CAPTURE(text);
        CHECK(contrast(luminance(colours[text]), below) >= 4.5);
      }
    }
    // The matrix is shaded with at most 0.45 of the first colour.
    CHECK(contrast(luminance(colours["text"]), luminance(colours["page"], colours["c0"], 0.45)) >=
          4.5);
    for (int i = 0; i < 7; ++i) {
      CAPTURE(i);
      CHECK(contrast(luminance(colours[fmt::format("c{}", i)]), luminance(colours["page"])) >= 3);
    }
  }
}

}  // namespace lanet::test
