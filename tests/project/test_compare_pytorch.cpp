// bench/compare_pytorch.py with stand-ins for the program and for the process that has PyTorch:
// whose turn it is, what is made of the readings, and what it says where something is wrong.
#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/program.h"

namespace lanet::test {
namespace {

namespace fs = std::filesystem;

// Both note their turns in $TURNS, and count them: reading n is that of round n.
constexpr const char* kProgram = R"sh(#!/bin/sh
case $* in
  "doctor --json") echo '{"program":{"version":"0.1.0"}}'; exit ;;
esac
echo "lanet $* [$OMP_NUM_THREADS $OMP_WAIT_POLICY]" >>$TURNS
[ "$WRONG" != program ] || { echo "first" >&2; echo "lanet-cuda: no memory" >&2; exit 3; }
[ "$WRONG" != no-reading ] || { echo '{"images_per_second":5}'; exit; }
set -- $MILLISECONDS_A_ROUND
shift $(($(grep -c '^lanet' "$TURNS") - 1))
echo "note: something"
echo '{"step_ms":{"median":'$1',"min":1,"max":9999,"mean":'$(($1 * 2))'},"peak_memory_bytes":7}'
)sh";

constexpr const char* kPython = R"sh(#!/bin/sh
[ "$*" = "-m pytorch_peer.worker" ] || exit 9
[ "$WRONG" != no-torch ] || { echo "ModuleNotFoundError: No module named 'torch'" >&2; exit 1; }
while read -r line; do
  case $line in
    *'"describe"'*)
      echo '{"torch":"'$TORCH'","compile":'${COMPILE:-false}',"device_name":null}' ;;
    *'"check"'*) echo '{"file":"step.json","losses":15,"largest_error":'${ERROR:-0.25}'}' ;;
    *'"prepare"'*) echo "$line" >>$PREPARED; name=${line#*formulation\": \"}; name=${name%%\"*}; echo '{}' ;;
    *'"time"'*)
      echo "torch $name" >>$TURNS
      [ "$WRONG" != dies ] || exit 1
      [ "$WRONG" != fails ] || { echo '{"error":"the loss became nan"}'; continue; }
      set -- $SECONDS_A_ROUND
      shift $(($(grep -c "^torch $name" "$TURNS") - 1))
      echo '{"seconds":[0.01,'$1',100],"peak_memory_bytes":3000000}' ;;
  esac
done
)sh";

bool has_python() {
  return std::system("command -v python3 >/dev/null 2>&1") == 0;
}

/// A folder with both stand-ins.
class Bench {
 public:
  Bench() {
    write_program(folder_, "lanet", kProgram);
    write_program(folder_, "python", kPython);
  }
  fs::path path(const std::string& name) const { return folder_.path() / name; }

  /// The exit code, with three rounds at batch 10. `variables`: of the environment.
  int compare(const std::string& options, const std::string& variables = "") {
    for (const char* name : {"turns", "prepared", "found.json"}) fs::remove(path(name));
    return compare_with("--lanet " + path("lanet").string() + " --python " +
                            path("python").string() + " --json " + path("found.json").string() +
                            " --image 64 --batch 10 --threads 2 --rounds 3 --steps 3 " + options,
                        variables);
  }
  int compare_with(const std::string& options, const std::string& variables = "") {
    const std::string command =
        "PYTHONDONTWRITEBYTECODE=1 TORCH=9.8 MILLISECONDS_A_ROUND='100 200 400' "
        "SECONDS_A_ROUND='0.1 0.4 0.1' TURNS=" +
        path("turns").string() + " PREPARED=" + path("prepared").string() + " " + variables +
        " python3 " + (tests_folder() / "../bench/compare_pytorch.py ").string() + options + " >" +
        path("out").string() + " 2>" + path("err").string();
    return WEXITSTATUS(std::system(command.c_str()));
  }
  std::string text(const std::string& name) const { return read_text(path(name)); }
  std::vector<std::string> lines(const std::string& name) const {
    std::vector<std::string> lines;
    std::istringstream in(text(name));
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    return lines;
  }
  bool timed() const { return fs::exists(path("turns")); }
  bool wrote() const { return fs::exists(path("found.json")); }

 private:
  TemporaryFolder folder_;
};

/// The element of an array that has this value under this key; fails the test if there is none.
nlohmann::json find(const nlohmann::json& array, const char* key, const std::string& value) {
  for (const auto& item : array)
    if (item.at(key) == value) return item;
  CAPTURE(value);
  FAIL("not found");
  return {};
}

void check_spread(const nlohmann::json& spread, double p10, double median, double p90) {
  CHECK(spread.at("p10").get<double>() == doctest::Approx(p10));
  CHECK(spread.at("median").get<double>() == doctest::Approx(median));
  CHECK(spread.at("p90").get<double>() == doctest::Approx(p90));
}

#define SKIP_WITHOUT_PYTHON()                \
  if (!has_python()) {                       \
    MESSAGE("SKIPPED: there is no python3"); \
    return;                                  \
  }

}  // namespace

TEST_CASE("compare_pytorch: in each round everyone has one turn, ours first") {
  SKIP_WITHOUT_PYTHON();
  Bench bench;
  REQUIRE(bench.compare("--dtype f32", "OMP_WAIT_POLICY=") == 0);
  const std::string ours =
      "lanet bench step --json --device cpu --backbone resnet18 --image 64 --batch 10 --dtype f32 "
      "--steps 3 --threads 2 [2 passive]";
  std::vector<std::string> expected;
  for (int round = 0; round < 3; ++round)
    for (const std::string& turn :
         {ours, std::string("torch published"), std::string("torch cheap")})
      expected.push_back(turn);
  CHECK(bench.lines("turns") == expected);
  REQUIRE(bench.lines("prepared").size() == 2);
  const auto prepared = nlohmann::json::parse(bench.lines("prepared")[0]);
  CHECK(prepared.at("augment") == true);
  CHECK(prepared.at("layout") == "contiguous");
  CHECK(prepared.at("bank") == 8192);
}

TEST_CASE("compare_pytorch: medians of rounds, and ratios taken within a round") {
  SKIP_WITHOUT_PYTHON();
  Bench bench;
  REQUIRE(bench.compare("--formulation published") == 0);
  const auto found = nlohmann::json::parse(bench.text("found.json"));
  CHECK(found.at("format") == "lanet-compare/1");
  CHECK(found.at("settings").at("threads") == 2);
  CHECK(found.at("versions").at("lanet").at("program").at("version") == "0.1.0");
  CHECK(found.at("golden")[0].at("largest_error") == 0.25);
  const std::string theirs = "torch 9.8 published eager f32";
  const auto own = find(found.at("results"), "name", "lanet f32");
  check_spread(own.at("images_per_second"), 30, 50, 90);  // of 100, 50, 25
  const auto peer = find(found.at("results"), "name", theirs);
  check_spread(peer.at("images_per_second"), 40, 100, 100);  // of 100, 25, 100
  CHECK(peer.at("peak_memory_bytes") == 3000000);
  CHECK(own.at("peak_memory_bytes").get<int64_t>() > 7);  // of the process, as theirs
  REQUIRE(found.at("ratios").size() == 1);
  CHECK(found["ratios"][0].at("ours") == "lanet f32");
  CHECK(found["ratios"][0].at("other") == theirs);
  check_spread(found["ratios"][0], 0.4, 1, 1.8);  // of 1, 2, 0.25; the medians' would be 0.5

  const std::string table = bench.text("out");
  CAPTURE(table);
  CHECK(table.find("resnet18 64 px batch 10 on cpu") == 0);
  CHECK(bench.lines("out").size() == 4);
  CHECK(bench.lines("out").back().find(theirs) == 0);
  CHECK(bench.lines("out").back().ends_with("1.00x"));
}

TEST_CASE("compare_pytorch: on a GPU our reading of a round is the mean of its steps") {
  SKIP_WITHOUT_PYTHON();
  Bench bench;
  REQUIRE(bench.compare("--device cuda --formulation published --layout contiguous") == 0);
  const auto found = nlohmann::json::parse(bench.text("found.json"));
  const auto own = find(found.at("results"), "name", "lanet f32");
  check_spread(own.at("images_per_second"), 15, 25, 45);  // of 200, 400 and 800 ms
  CHECK(own.at("peak_memory_bytes") == 7);                // of the device, as the program counts it
}

TEST_CASE("compare_pytorch: ours in one type is compared with ours in the other") {
  SKIP_WITHOUT_PYTHON();
  Bench bench;
  // The stand-in's readings go on from turn to turn: f32 has 100 ms, bf16 then 200 ms.
  REQUIRE(bench.compare("--dtype f32,bf16 --rounds 1 --layout contiguous --no-augment") == 0);
  const auto found = nlohmann::json::parse(bench.text("found.json"));
  CHECK(found.at("results").size() == 6);
  find(found.at("results"), "name", "torch 9.8 cheap eager bf16 contiguous");
  int pairs = 0;
  for (const auto& ratio : found.at("ratios")) {
    if (ratio.at("other") != "lanet f32" || ratio.at("ours") != "lanet bf16") continue;
    CHECK(ratio.at("median").get<double>() == doctest::Approx(0.5));
    ++pairs;
  }
  CHECK(pairs == 1);
  CHECK(bench.text("out").find("PyTorch's step is without augmentation") != std::string::npos);
}

TEST_CASE("compare_pytorch: who does not give the golden losses is not timed") {
  SKIP_WITHOUT_PYTHON();
  for (const std::string error : {"1.01", "Infinity", "NaN"}) {
    CAPTURE(error);
    Bench bench;
    CHECK(bench.compare("", "ERROR=" + error) == 1);
    CHECK_FALSE(bench.timed());
    CHECK_FALSE(bench.wrote());
    CHECK(bench.lines("err").size() == 1);
    CHECK(bench.text("err").find("nothing is timed") != std::string::npos);
  }
  Bench bench;
  CHECK(bench.compare("--check-only") == 0);
  CHECK_FALSE(bench.timed());
  CHECK(bench.lines("err").size() == 2);
  CHECK(bench.text("err").find("torch 9.8 published: 15 losses of step.json") != std::string::npos);
}

TEST_CASE("compare_pytorch: what fails is said in one line, and no result is left") {
  SKIP_WITHOUT_PYTHON();
  const std::vector<std::pair<std::string, std::string>> failures = {
      {"program", "ended with 3: lanet-cuda: no memory\n"},
      {"no-reading", "lanet bench step --json printed no such result\n"},
      {"no-torch", "no PyTorch to use there: ModuleNotFoundError: No module named 'torch'\n"},
      {"dies", "python: no message\n"},
      {"fails", "python: the loss became nan\n"}};
  for (const auto& [wrong, message] : failures) {
    Bench bench;
    CAPTURE(wrong);
    CHECK(bench.compare("", "WRONG=" + wrong) == 1);
    CHECK(bench.text("err").ends_with(message));
    CHECK(bench.text("err").find("Traceback") == std::string::npos);
    CHECK(bench.text("out").empty());
    CHECK_FALSE(bench.wrote());
  }
}

TEST_CASE("compare_pytorch: a PyTorch without torch.compile is timed without it") {
  SKIP_WITHOUT_PYTHON();
  Bench bench;
  CHECK(bench.compare("--modes compile,eager") == 0);
  CHECK(bench.text("err").find("PyTorch 9.8 has no torch.compile") != std::string::npos);
  CHECK(bench.text("out").find("compile") == std::string::npos);
  CHECK(bench.compare("--modes compile") == 2);
  CHECK(bench.compare("--modes compile,eager --only 'cheap compile'", "COMPILE=true") == 0);
  CHECK(bench.lines("out").size() == 4);
  CHECK(bench.lines("out").back().find("torch 9.8 cheap compile f32") == 0);
}

TEST_CASE("compare_pytorch: the program understands its options and prints its readings") {
  SKIP_WITHOUT_PYTHON();
  Bench bench;
  REQUIRE(bench.compare("--rounds 1 --steps 1 --lanet " + program()) == 0);
  const auto found = nlohmann::json::parse(bench.text("found.json"));
  const auto ours = find(found.at("results"), "name", "lanet f32");
  CHECK(ours.at("images_per_second").at("median").get<double>() > 0);
  CHECK(found.at("versions").at("lanet").at("program").contains("commit"));
}

TEST_CASE("compare_pytorch: a wrong option is one line and exit code 2") {
  SKIP_WITHOUT_PYTHON();
  const std::vector<std::pair<std::string, std::string>> wrong = {
      {"--imge 64", "unexpected '--imge'; did you mean --image?"},
      {"extra", "unexpected 'extra'"},
      {"--dtype f32,bf61", "'bf61'; expected f32 or bf16; did you mean bf16?"},
      {"--device gpu", "'gpu'; expected cpu or cuda"},
      {"--formulation cheep", "did you mean cheap?"},
      {"--image 100", "'100'; expected a multiple of 32"},
      {"--batch 9", "'9'; expected a number, 10 or more"},
      {"--rounds 0", "'0'; expected a number, 1 or more"},
      {"--only '('", "--only"},
      {"--steps", "--steps"},
      {"--lanet /no/such", "--lanet: '/no/such' is not a program"},
      {"--json /no/such/file", "--json: no file can be written in '/no/such'"},
      {"--python /no/such", "--python: '/no/such' is not a program"},
      {"--only nothing", "no variant of PyTorch's step is left to time"}};
  for (const auto& [options, message] : wrong) {
    Bench bench;
    CAPTURE(options);
    CHECK(bench.compare(options) == 2);
    const auto lines = bench.lines("err");
    REQUIRE(!lines.empty());
    CAPTURE(lines.back());
    CHECK(lines.back().starts_with("compare_pytorch: "));
    CHECK(lines.back().find(message) != std::string::npos);
    if (options != "--only nothing") CHECK(lines.size() == 1);
    CHECK_FALSE(bench.timed());
  }
}

}  // namespace lanet::test
