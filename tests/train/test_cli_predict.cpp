// predict: what stands for pictures, what is printed, and what is refused.
#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <sstream>

#include "core/files/npy.h"
#include "data/csv.h"
#include "tests/train/trained_runs.h"

namespace lanet::test {
namespace {

namespace fs = std::filesystem;
using namespace trained;
using nlohmann::json;

/// What the program prints for JSON and pictures as arguments say.
json predict(const std::string& arguments) {
  const Outcome outcome = run("predict " + runs().baseline() + " --json " + arguments);
  CAPTURE(outcome.err);
  REQUIRE(outcome.code == 0);
  return json::parse(outcome.out);
}

std::vector<std::string> images_of(const json& answers) {
  std::vector<std::string> images;
  for (const json& answer : answers) images.push_back(answer["image"]);
  return images;
}

}  // namespace

TEST_CASE("cli predict: a bad picture is named and the others are answered, with exit code 1") {
  const std::string bad = runs().folder().write("bad.jpg", "no picture").string();
  const std::string pictures = runs().picture(1) + " " + bad + " " + runs().picture(2);
  const Outcome json_run = run("predict " + runs().lanet() + " --json " + pictures);
  CHECK(json_run.code == 1);
  CHECK(json_run.err.find("bad.jpg") != std::string::npos);
  const json answers = json::parse(json_run.out);
  REQUIRE(answers.size() == 2);
  CHECK(answers[0]["image"] == runs().picture(1));
  CHECK(answers[1]["image"] == runs().picture(2));
  for (const json& answer : answers) {
    const json& probabilities = answer["probabilities"];
    CHECK(probabilities.size() == 7);
    double total = 0;
    for (const auto& [label, p] : probabilities.items()) {
      total += p.get<double>();
      CHECK(p <= probabilities.at(answer["label"].get<std::string>()));
    }
    CHECK(total == doctest::Approx(1).epsilon(1e-5));
  }

  const Outcome text = run("predict " + runs().lanet() + " " + runs().picture(1));
  CHECK(text.code == 0);
  CHECK(text.out.starts_with(runs().picture(1) + ": " + answers[0]["label"].get<std::string>()));
}

TEST_CASE(
    "cli predict: a folder, a pattern and a list stand for their pictures, with the same answers") {
  const std::string folder = runs().path("some");
  fs::create_directories(folder + "/below");
  fs::copy_file(runs().picture(2), folder + "/below/b.jpg");
  fs::copy_file(runs().picture(1), folder + "/a.jpg");
  runs().folder().write("some/notes.txt", "no picture");
  const std::string a = folder + "/a.jpg", b = folder + "/below/b.jpg";
  const json all = predict(a + " " + b);
  CHECK(images_of(all) == std::vector<std::string>{a, b});
  CHECK(predict(folder) == all);
  CHECK(predict("'" + folder + "/a*' '" + folder + "/*/b.jpg'") == all);
  const std::string list = runs().folder().write("list.txt", a + "\r\n\n" + b).string();
  CHECK(predict("--list " + list) == all);
  CHECK(predict("--list - < " + list) == all);
  CHECK(predict(a + " --list " + list).size() == 3);
}

TEST_CASE("cli predict: more pictures than one batch are answered in their order") {
  const std::string faces = runs().path("many");
  fs::create_directories(faces);
  std::vector<std::string> names;
  for (int i = 0; i < 70; ++i) {
    names.push_back(fmt::format("{}/{:02}.jpg", faces, i));
    fs::copy_file(runs().picture(1 + i % 3), names.back());
  }
  const json answers = predict(faces);
  CHECK(images_of(answers) == names);
  const auto of = [&](int i) { return answers[i]["probabilities"]["anger"].get<double>(); };
  CHECK(std::abs(of(0) - of(1)) > 1e-4);  // else their order would not show
  CHECK(std::abs(of(1) - of(2)) > 1e-4);
  CHECK(std::abs(of(0) - of(2)) > 1e-4);
  for (int i = 3; i < 70; ++i) CHECK(of(i) == doctest::Approx(of(i % 3)).epsilon(1e-5));
}

TEST_CASE("cli predict: lines of JSON, a table and the most probable classes say the same") {
  const std::string pictures = runs().picture(1) + " " + runs().picture(2);
  const json answers = predict(pictures);
  const std::string command = "predict " + runs().baseline() + " " + pictures;
  std::istringstream lines(run(command + " --jsonl").out);
  json of_lines = json::array();
  for (std::string line; std::getline(lines, line);) of_lines.push_back(json::parse(line));
  CHECK(of_lines == answers);

  const CsvTable table =
      read_csv(runs().folder().write("predictions.csv", run(command + " --csv").out));
  REQUIRE(table.rows.size() == 2);
  for (size_t i = 0; i < 2; ++i) {
    CHECK(table.rows[i][table.column("image")] == answers[i]["image"]);
    CHECK(table.rows[i][table.column("label")] == answers[i]["label"]);
    for (const auto& [name, p] : answers[i]["probabilities"].items())
      CHECK(std::stod(table.rows[i][table.column(name)]) ==
            doctest::Approx(p.get<double>()).epsilon(1e-5));
  }

  const json top = nlohmann::json::parse(run(command + " --json --top 2").out);
  for (size_t i = 0; i < 2; ++i) {
    REQUIRE(top[i]["probabilities"].size() == 2);
    for (const auto& [name, p] : top[i]["probabilities"].items())
      CHECK(p == answers[i]["probabilities"][name]);
    CHECK(top[i]["probabilities"].contains(top[i]["label"]));
  }
  const std::string text = run(command + " --top 1").out;
  const std::string label = answers[0]["label"];
  CHECK(text.starts_with(fmt::format("{}: {}   {} ", runs().picture(1), label, label)));
  CHECK(text.find("  ", text.find(label + " 0.") + 1) > text.find('\n'));
}

TEST_CASE("cli predict: folders named after classes give the confusion matrix") {
  const std::string root = runs().path("labelled");
  for (const char* name : {"anger", "fear"}) fs::create_directories(root + "/" + name);
  fs::copy_file(runs().picture(1), root + "/anger/1.jpg");
  fs::copy_file(runs().picture(2), root + "/fear/2.jpg");
  const json answers = predict(root + " --labelled");
  CHECK(answers[0]["given"] == "anger");
  CHECK(answers[1]["given"] == "fear");
  const Outcome text = run("predict " + runs().baseline() + " " + root + " --labelled");
  CHECK(text.code == 0);
  CHECK(text.out.find("accuracy") != std::string::npos);
  const Outcome csv = run("predict " + runs().baseline() + " " + root + " --labelled --csv");
  CHECK(csv.out.starts_with("image,given,label,anger,"));
  CHECK(csv.out.find("accuracy") == std::string::npos);
  CHECK(csv.err.find("accuracy") != std::string::npos);
  fs::rename(root + "/fear", root + "/feer");
  check_refused("predict " + runs().baseline() + " " + root + " --labelled",
                "its folder is 'feer'; expected the name of a class");
}

TEST_CASE("cli predict: features of the pictures that were read are rows of an .npy file") {
  const std::string bad = runs().folder().write("worse.jpg", "no picture").string();
  const std::string file = runs().path("features.npy");
  const Outcome outcome = run("predict " + runs().baseline() + " " + runs().picture(1) + " " + bad +
                              " " + runs().picture(2) + " --features " + file);
  CHECK(outcome.code == 1);
  const HostArray both = read_npy(file);
  CHECK(both.shape == std::vector<int64_t>{2, 512});
  predict(runs().picture(2) + " --features " + runs().path("second.npy"));
  const HostArray second = read_npy(runs().path("second.npy"));
  double size = 0;
  for (int64_t i = 0; i < 512; ++i) {
    CHECK(second.at(i) == doctest::Approx(both.at(512 + i)).epsilon(1e-4));
    size += second.at(i) * second.at(i);
  }
  CHECK(size > 0);
  check_refused("predict " + runs().baseline() + " " + runs().picture(1) + " --features " + file,
                "features.npy: exists; expected a new file");
}

TEST_CASE("cli predict: what stands for no picture is refused") {
  const std::string command = "predict " + runs().baseline() + " ";
  const std::string empty = runs().path("empty");
  fs::create_directories(empty);
  check_refused(command,
                "no IMAGE; expected pictures, videos, folders or patterns, or --list FILE");
  check_refused(command + empty, "empty: no picture (.jpg, .png, .webp) in it");
  check_refused(command + "'" + empty + "/*.jpg'", "*.jpg: no file matches");
  check_refused(command + "--list " + empty + "/none.txt", "none.txt: there is no such file");
  check_refused(command + "--list - < /dev/null", "--list -: no picture in it");
  check_refused(command + runs().picture(1) + " --json --csv", "--csv");
  check_refused(command + runs().picture(1) + " --top 0", "--top");
}

TEST_CASE(
    "cli predict: names that JSON or a terminal cannot show are escaped, and nothing is lost") {
  const TemporaryFolder folder;
  const std::string latin = "caf\xE9.jpg", control = "a\033[2Jb\n.jpg";
  for (const std::string& name : {latin, control})
    fs::copy_file(runs().picture(1), folder.path() / name);
  const std::string all = folder.path().string();
  const json answers = predict(all);
  REQUIRE(answers.size() == 2);
  CHECK(fs::path(images_of(answers)[0]).filename() == control);
  CHECK(fs::path(images_of(answers)[1]).filename() == R"(caf\xE9.jpg)");
  const Outcome text = run("predict " + runs().baseline() + " " + all);
  CHECK(text.code == 0);
  CHECK(std::count(text.out.begin(), text.out.end(), '\n') == 2);
  CHECK(text.out.find(R"(a\x1B[2Jb\x0A.jpg: )") != std::string::npos);
  CHECK(text.out.find('\033') == std::string::npos);
  folder.write(control, "no picture");
  const Outcome bad = run("predict " + runs().baseline() + " " + all);
  CHECK(bad.code == 1);
  CHECK(bad.err.find(R"(a\x1B[2Jb\x0A.jpg: is not a JPEG)") != std::string::npos);
}

}  // namespace lanet::test
