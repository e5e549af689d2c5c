// The library as another project meets it: installed, found by find_package(lanet), linked and run.
#include <set>
#include <sstream>

#include "tests/train/trained_runs.h"

namespace lanet::test {
namespace {

namespace fs = std::filesystem;

/// Runs a command that has to succeed, and returns what it prints.
std::string must_run(const std::string& command) {
  const Outcome outcome = run_shell(command);
  CAPTURE(command);
  CAPTURE(outcome.out);
  CAPTURE(outcome.err);
  REQUIRE(outcome.code == 0);
  return outcome.out;
}

/// The example, built against an installation in a folder of its own.
class Installation {
 public:
  Installation() {
    must_run("cmake --install " + fs::path(program()).parent_path().string() +
             " --component library --prefix " + prefix().string());
    must_run(configure(tests_folder().parent_path() / "docs/examples/classify"));
    must_run("cmake --build " + build().string());
  }
  fs::path prefix() const { return folder_.path() / "prefix"; }
  fs::path build() const { return folder_.path() / "build"; }
  std::string configure(const fs::path& project) const {
    return "cmake -S " + project.string() + " -B " + build().string() +
           " -DCMAKE_PREFIX_PATH=" + prefix().string();
  }
  std::string classify() const { return (build() / "classify").string() + " "; }
  /// The installed file of this name.
  fs::path file(const std::string& name) const {
    for (const auto& entry : fs::recursive_directory_iterator(prefix()))
      if (entry.path().filename() == name) return entry.path();
    FAIL("not installed: " << name);
    return {};
  }
  const TemporaryFolder& folder() const { return folder_; }

 private:
  TemporaryFolder folder_;
};

const Installation& installation() {
  static const Installation installation;
  return installation;
}

}  // namespace

TEST_CASE("library: the example says of pictures what predict says") {
  const trained::Runs& runs = trained::runs();
  const std::string bad = runs.folder().write("bad.jpg", "no picture").string();
  const std::string pictures = runs.picture(1) + " " + runs.picture(2) + " ";
  const std::string command = installation().classify() + runs.baseline() + " " + pictures;
  std::istringstream lines(must_run(command));
  for (const nlohmann::json& expected :
       json_of("predict " + runs.baseline() + " --json " + pictures)) {
    std::string line;
    REQUIRE(std::getline(lines, line));
    std::istringstream fields(line);
    std::string picture, label, probability;
    std::getline(fields, picture, '\t');
    std::getline(fields, label, '\t');
    std::getline(fields, probability);
    CHECK(picture == expected["image"]);
    CHECK(label == expected["label"]);
    CHECK(std::stod(probability) ==
          doctest::Approx(expected["probabilities"][label].get<double>()).epsilon(1e-4));
  }

  const Outcome some = run_shell(command + bad);
  CHECK(some.code == 1);
  CHECK(std::count(some.out.begin(), some.out.end(), '\n') == 2);
  CHECK(some.err.find("bad.jpg: ") != std::string::npos);
  CHECK(std::count(some.err.begin(), some.err.end(), '\n') == 1);
}

TEST_CASE("library: an error crosses into the other program as the type that the header declares") {
  const Outcome outcome = run_shell(installation().classify() + "/no/run face.jpg");
  CHECK(outcome.code == 2);  // of catch (const lanet::BadInput&)
  CHECK(outcome.err.find("/no/run") != std::string::npos);
  CHECK(std::count(outcome.err.begin(), outcome.err.end(), '\n') == 1);
}

TEST_CASE("library: nothing can be seen in it but what its header declares") {
  std::istringstream symbols(must_run("nm --dynamic --defined-only --demangle " +
                                      installation().file("liblanet.so").string()));
  int count = 0;
  for (std::string line; std::getline(symbols, line); ++count) {
    CAPTURE(line);
    const bool known = line.find(" lanet::FaceClassifier::") != std::string::npos ||
                       line.find(" for lanet::BadInput") != std::string::npos ||
                       line.find(" for lanet::ClassifierError") != std::string::npos;
    CHECK(known);
    CHECK(line.find("Parts") == std::string::npos);
  }
  CHECK(count >= 10);
}

TEST_CASE("library: it is not found as another minor version, and the program is not installed") {
  std::set<std::string> names;
  for (const auto& entry : fs::recursive_directory_iterator(installation().prefix()))
    if (!entry.is_directory()) names.insert(entry.path().filename());
  CHECK(names.contains("classifier.h"));
  CHECK(names.contains("lanet-config.cmake"));
  CHECK_FALSE(names.contains("lanet-cuda"));
  for (const char* version : {"0.99", "7"}) {
    const TemporaryFolder other;
    other.write("CMakeLists.txt",
                "cmake_minimum_required(VERSION 3.16)\nproject(other LANGUAGES NONE)\n"
                "find_package(lanet " +
                    std::string(version) + " REQUIRED)\n");
    const Outcome outcome =
        run_shell("cmake -S " + other.path().string() + " -B " + other.path().string() +
                  "/build -DCMAKE_PREFIX_PATH=" + installation().prefix().string());
    CHECK(outcome.code != 0);
    CHECK(outcome.err.find("compatible") != std::string::npos);
  }
}

}  // namespace lanet::test
