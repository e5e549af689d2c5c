// lanet-cuda report, and the report that train writes.
#include <fmt/format.h>

#include "core/files/safetensors.h"
#include "tests/train/trained_runs.h"
#include "tests/xml.h"

namespace lanet::test::trained {

namespace fs = std::filesystem;

TEST_CASE("cli report: train writes one, with pictures of faces; report writes it again") {
  const std::string run_folder = runs().lanet(), file = run_folder + "/report.html";
  REQUIRE(fs::exists(file));
  const std::string page = read_text(file);
  CHECK(page.find("src=\"data:image/jpeg;base64,") != std::string::npos);
  CHECK(page.find("There are no pictures") == std::string::npos);
  parse_xml(page.substr(page.find("<html")));
  CHECK(page.find("Confident mistakes") == std::string::npos);  // training looks for none
  fs::remove(file);
  const Outcome again = run("report " + run_folder);
  CHECK(again.code == 0);
  CHECK(again.out.empty());
  CHECK(again.err.ends_with("written: " + file + "\n"));
  CHECK(read_text(file).find("src=\"data:image/jpeg;base64,") != std::string::npos);
  CHECK(run("report " + run_folder + "/").code == 0);  // replaces it
}

TEST_CASE("cli report: the confusion matrix is that of eval") {
  const std::string run_folder = runs().baseline();
  const nlohmann::json confusion = eval(run_folder).at("confusion");
  const std::string page = read_text(run_folder + "/report.html");
  size_t at = page.find("<table class=\"matrix\">");
  REQUIRE(at != std::string::npos);
  for (const nlohmann::json& row : confusion)
    for (const nlohmann::json& count : row) {
      at = page.find("\">", page.find("--share", at)) + 2;
      CHECK(page.compare(at, count.dump().size() + 1, count.dump() + "<") == 0);
    }
}

TEST_CASE("cli report: the most certain mistakes on the test set are shown, the worst first") {
  const std::string run_folder = runs().baseline(), out = runs().path("mistakes.html");
  const nlohmann::json result = eval(run_folder);
  int64_t wrong = sum(result.at("confusion"));
  for (size_t c = 0; c < result.at("confusion").size(); ++c)
    wrong -= result.at("confusion")[c][c].get<int64_t>();
  REQUIRE(wrong > 1);
  REQUIRE(run("report " + run_folder + " --out " + out).code == 0);
  const std::string page = read_text(out);
  const size_t begin = page.find("<h2>Confident mistakes</h2>"),
               end = page.find("</section>", begin);
  REQUIRE(begin != std::string::npos);
  const std::string section = page.substr(begin, end - begin);
  int64_t faces = 0;
  double before = 1;
  for (size_t at = section.find("<img "); at != std::string::npos;
       at = section.find("<img ", at + 1)) {
    ++faces;
    const size_t bar = section.find("width:", at) + 6;  // of the most probable class
    const double largest = std::stod(section.substr(bar)) / 100;
    CHECK(largest <= before);
    before = largest;
    CHECK(section.find("<tr><th", at) < section.find("<tr class=\"given\">", at));
  }
  CHECK(faces == wrong);
}

TEST_CASE("cli report: the features of the test set are on a map") {
  const std::string run_folder = runs().baseline(), out = runs().path("map.html");
  REQUIRE(run("report " + run_folder + " --out " + out).code == 0);
  const std::string page = read_text(out);
  CHECK(page.find(fmt::format("{} faces by class", kTest)) != std::string::npos);
  const size_t begin = page.find("<figure class=\"map\">"), end = page.find("</figure>", begin);
  REQUIRE(end != std::string::npos);
  const auto marks = [&](const std::string& style) {
    int64_t count = 0;
    for (const XmlElement& element : parse_xml(page.substr(begin, end + 9 - begin) + "\n"))
      if (element.name == "path" && element.attributes.at("class").starts_with(style) &&
          !element.attributes.at("d").starts_with("M0 0"))
        count +=
            std::count(element.attributes.at("d").begin(), element.attributes.at("d").end(), 'M');
    return count;
  };
  const nlohmann::json confusion = eval(run_folder).at("confusion");
  int64_t right = 0;
  for (size_t c = 0; c < confusion.size(); ++c) right += confusion[c][c].get<int64_t>();
  CHECK(marks("point") == right);
  CHECK(marks("hollow") == kTest - right);
  // The same again.
  REQUIRE(run("report " + run_folder + " --out " + out).code == 0);
  CHECK((read_text(out) == page));
}

TEST_CASE(
    "cli report: a network with a landmark branch shows what that sees in a face of each class") {
  const std::string out = runs().path("landmarks.html");
  const auto section = [&](const std::string& run_folder) {
    REQUIRE(run("report " + run_folder + " --out " + out).code == 0);
    const std::string page = read_text(out);
    const size_t begin = page.find("<h2>Landmarks</h2>");
    return begin == std::string::npos ? ""
                                      : page.substr(begin, page.find("</section>", begin) - begin);
  };
  const std::string shown = section(runs().lanet());
  const nlohmann::json confusion = eval(runs().lanet()).at("confusion");
  const auto classes = std::count_if(confusion.begin(), confusion.end(), [](const auto& row) {
    return row != nlohmann::json(std::vector<int>(row.size()));
  });
  int faces = 0;
  for (size_t at = shown.find("<img "); at != std::string::npos; at = shown.find("<img ", at + 1))
    ++faces;
  CHECK(classes > 3);
  CHECK(faces == classes);
  CHECK(section(runs().baseline()).empty());
}

TEST_CASE("cli report: a damaged landmark branch leaves out all that is said to be missing") {
  const std::string damaged = runs().path("damaged");
  fs::copy(runs().lanet(), damaged, fs::copy_options::recursive);
  NamedArrays last = read_safetensors(damaged + "/last.safetensors");
  REQUIRE(last.arrays.erase("f_q.lm_layer4.0.conv1.weight") ==
          1);  // the classifier has no use for it
  write_safetensors(damaged + "/last.safetensors", last);
  const Outcome outcome = run("report " + damaged);
  CAPTURE(outcome.err);
  REQUIRE(outcome.code == 0);
  CHECK(outcome.err.find("no mistakes on the test set and no map of its features are shown: ") !=
        std::string::npos);
  CHECK(outcome.err.find("f_q.lm_layer4.0.conv1.weight") != std::string::npos);
  const std::string page = read_text(damaged + "/report.html");
  CHECK(page.find("There is no map of the features") != std::string::npos);
  CHECK(page.find("<figure class=\"map\">") == std::string::npos);
  CHECK(page.find("Confident mistakes") == std::string::npos);
}

TEST_CASE("cli report: without faces, of several runs, and what it refuses") {
  const std::string one = runs().lanet(), two = runs().baseline(), out = runs().path("new/a.html");
  const std::string record = runs().path("record");
  for (const char* name : {"config.json", "metrics.jsonl", "summary.json"}) {
    fs::create_directories(record);
    fs::copy_file(one + "/" + name, record + "/" + name);
  }
  const Outcome of_record = run("report " + record);
  CHECK(of_record.code == 0);
  CHECK(of_record.err.find("no mistakes on the test set and no map of its features are shown: ") !=
        std::string::npos);
  CHECK(read_text(record + "/report.html").find("There is no map of the features") !=
        std::string::npos);
  REQUIRE(run("report " + one + " --no-faces --out " + out).code == 0);
  CHECK(read_text(out).find("data:") == std::string::npos);
  CHECK(read_text(out).find(runs().folder().path().string()) == std::string::npos);
  REQUIRE(run("report " + one + " " + two + " --out " + out).code == 0);
  CHECK(read_text(out).find("2 runs: lanet, baseline") != std::string::npos);
  check_refused("report " + one + " " + two, "several runs, and no --out");
  check_refused("report " + runs().path("faces"), "expected a run");
  check_refused("report " + one + " " + one + " --out " + out, "given twice");
  runs().folder().write("mine.html", "<p>mine</p>");
  check_refused("report " + one + " --out " + runs().path("mine.html"), "is not a report");
  CHECK(read_text(runs().path("mine.html")) == "<p>mine</p>");
}

}  // namespace lanet::test::trained
