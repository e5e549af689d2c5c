// scripts/gpu-check with stand-ins for the program, its tests and compute-sanitizer: what it
// records for each outcome, that it goes on after a failure, its time limit and its exit code.
#include <nlohmann/json.hpp>

#include "tests/program.h"

namespace lanet::test {
namespace {

namespace fs = std::filesystem;

// What each stand-in does wrong is said by the words in $WRONG.
constexpr const char* kProgram = R"sh(#!/bin/sh
is() { case " $WRONG " in *" $1 "*) return 0 ;; esac; return 1; }
all=" $* " device=cpu run=
while [ $# -gt 0 ]; do
  case $1 in
    --device) device=$2 ;;
    --run | --out) run=$2 ;;
  esac
  words="$words $1"
  shift
done
case $words in
  " doctor --json")
    is broken-program && { echo "lib.so: not found" >&2; exit 127; }
    gpu=',{"device":"cuda","name":"NVIDIA Test 9000","capability":"9.0"}'
    is cpu-only && gpu=
    changed=false; is changed && changed=true
    echo '{"program":{"version":"0.1.0","commit":"0123456789abcdef0123456789abcdef01234567","changed":'$changed'},"cuda_driver":"13.0","cuda_driver_release":"580.65","devices":[{"device":"cpu","name":"C"}'$gpu'],"problems":[]}' ;;
  " doctor"*) is slow-doctor && sleep 30; echo "No problems found." ;;
  " synth"*) mkdir "$run" ;;
  " verify"*)
    case $all in *" bf16 "*) is wrong-bf16 && { echo '{"ok":false,"worst":1.5}'; exit 1; } ;; esac
    echo '{"file":"x","ok":true,"worst":0.25,"checks":[]}' ;;
  " bench"*) echo "note: something"; echo '{"images_per_second":1234.5,"device":"cuda"}' ;;
  " train"*)
    mkdir -p "$run"
    loss=2.0; [ $device = cuda ] && loss=2.0002
    [ $device = cuda ] && is other-loss && loss=2.1
    [ $device = cuda ] && is no-loss && loss=null
    for epoch in 1 2; do
      echo '{"epoch":'$epoch',"losses":{"landmark":15.5,"total":'$loss'},"learning_rate":0.1,"train_accuracy":0.9,"test_accuracy":'${ACCURACY:-0.6}',"seconds":1.5}'
    done >"$run/metrics.jsonl"
    echo weights >"$run/last.safetensors"
    case $all in *" --no-graph "*) is other-bits && echo others >"$run/last.safetensors" ;; esac
    exit 0 ;;
  *) exit 2 ;;
esac
)sh";

constexpr const char* kTests = R"sh(#!/bin/sh
is() { case " $WRONG " in *" $1 "*) return 0 ;; esac; return 1; }
case "$*" in
  *--list-test-cases*)
    for file in add knn gemm; do
      echo '  <TestCase name="a" filename="/x/tests/test_cuda_'$file'.cpp" line="1" skipped="false"/>'
      echo '  <TestCase name="b" filename="/x/tests/test_cuda_'$file'.cpp" line="2" skipped="false"/>'
    done
    echo '  <TestCase name="c" filename="/x/tests/test_rng.cpp" line="3" skipped="false"/>'
    exit ;;
  *add.cpp*) is no-device && echo "m.h:9: MESSAGE: SKIPPED: device cuda: no driver" ;;
  *knn.cpp*)
    is skipped-knn && echo "m.h:9: MESSAGE: SKIPPED: one device"
    is no-knn && { echo "[doctest] test cases: 0 | 0 passed"; exit; }
    is wrong-knn && { echo "[doctest] test cases: 2 | 1 passed | 1 failed"; exit 1; } ;;
esac
echo "[doctest] test cases: 2 | 2 passed | 0 failed | 0 skipped"
)sh";

constexpr const char* kSanitizer = R"sh(#!/bin/sh
is() { case " $WRONG " in *" $1 "*) return 0 ;; esac; return 1; }
tool=$2
shift 4
echo "========= COMPUTE-SANITIZER"
case "$*" in *gemm*) echo "========= Invalid read"; echo "========= ERROR SUMMARY: 1 error"; exit 9 ;; esac
if is refuses; then
  echo '========= Error: Device not supported. See the documentation'
  echo "========= ERROR SUMMARY: 0 errors"
  exit 0
fi
"$@"
if [ $tool = memcheck ]; then
  echo "========= ERROR SUMMARY: 0 errors"
elif is race; then
  echo "========= Error: Race reported between Write access at a.cu:3"
  echo "========= RACECHECK SUMMARY: 1 hazard displayed (1 error, 0 warnings)"
  exit 9
else
  echo "========= RACECHECK SUMMARY: 0 hazards displayed (0 errors, 0 warnings)"
fi
)sh";

constexpr const char* kName = "gpu-nvidia-test-9000-0123456789ab";

/// A machine with a ready build and nothing else.
class Machine {
 public:
  Machine() {
    const fs::path tree = tests_folder().parent_path();
    fs::create_directories(root() / "scripts");
    fs::copy(tree / "scripts/gpu-check", root() / "scripts/gpu-check");
    folder_.write("tests/golden/step.json", "{}");
    folder_.write("configs/demo.json", "{}");
    write_program("build/lanet-cuda", kProgram);
    write_program("build/tests/lanet-tests", kTests);
    write_program("bin/compute-sanitizer", kSanitizer);
  }
  fs::path root() const { return folder_.path(); }

  /// The exit code. `variables`: of the environment.
  int check(const std::string& variables = "") {
    const std::string command = "PATH=" + (root() / "bin").string() + ":$PATH " + variables + " " +
                                (root() / "scripts/gpu-check").string() + " --build " +
                                (root() / "build").string() + " >" + (root() / "out").string() +
                                " 2>" + (root() / "err").string();
    return WEXITSTATUS(std::system(command.c_str()));
  }
  std::string err() const { return read_text(root() / "err"); }
  bool wrote_results() const { return fs::exists(root() / "bench/results"); }
  fs::path result_file(const std::string& end) const {
    return root() / "bench/results" / (kName + end);
  }
  nlohmann::json record() const { return nlohmann::json::parse(read_text(result_file(".json"))); }

 private:
  void write_program(const std::string& name, const std::string& text) {
    fs::permissions(folder_.write(name, text), fs::perms::owner_all);
  }
  TemporaryFolder folder_;
};

/// The result of that name; fails the test if there is not one.
nlohmann::json result(const nlohmann::json& record, const std::string& name) {
  nlohmann::json found;
  int count = 0;
  for (const auto& r : record.at("results")) {
    if (r.at("name") != name) continue;
    found = r;
    ++count;
  }
  CAPTURE(name);
  REQUIRE(count == 1);
  return found;
}

std::string status(const nlohmann::json& record, const std::string& name) {
  return result(record, name).at("status");
}
std::string detail(const nlohmann::json& record, const std::string& name) {
  return result(record, name).at("detail");
}

int count(const nlohmann::json& record, const std::string& wanted) {
  int number = 0;
  for (const auto& r : record.at("results")) number += r.at("status") == wanted;
  return number;
}

}  // namespace

TEST_CASE("gpu-check: where everything passes it says so, of which commit and on what") {
  Machine machine;
  CHECK(machine.check() == 0);
  const auto record = machine.record();
  CHECK(record.at("format") == "lanet-gpu-check/1");
  CHECK(record.at("git") == "0123456789abcdef0123456789abcdef01234567");
  CHECK(record.at("dirty") == false);
  CHECK(record.at("device").at("name") == "NVIDIA Test 9000");
  CHECK(record.at("device").at("driver") == "580.65");
  CHECK(record.at("failed") == 0);
  for (const char* name :
       {"doctor", "test_cuda_add", "test_cuda_knn", "test_cuda_gemm", "verify step.json f32",
        "verify step.json bf16", "20 steps, cpu against cuda, f32",
        "20 steps, captured against eager, f32", "20 steps, captured against eager, bf16",
        "bench step 224 px, batch 128, f32", "bench step 224 px, batch 128, bf16", "demo training",
        "memcheck", "racecheck"}) {
    CAPTURE(detail(record, name));
    CHECK(status(record, name) == "passed");
  }
  CHECK(record.at("results").size() == 14);
  REQUIRE(record.at("bench").size() == 2);
  CHECK(record.at("bench")[1].at("images_per_second") == 1234.5);
  const std::string log = read_text(machine.result_file(".log"));
  CHECK(log.find("$ " + (machine.root() / "build/lanet-cuda").string() + " doctor") !=
        std::string::npos);
}

TEST_CASE("gpu-check: the program itself writes what the stand-in writes") {
  auto has = [](const std::string& text, const std::string& what) {
    CAPTURE(text);
    CAPTURE(what);
    CHECK(text.find(what) != std::string::npos);
  };
  const std::string doctor = run("doctor --json").out;
  for (const char* what : {"\"commit\":\"", "\"changed\":", "\"cuda_driver_release\":"})
    has(doctor, what);
  const std::string bench =
      run("bench step --json --device cpu --image 64 --batch 10 --steps 1").out;
  CHECK(bench.starts_with("{"));
  has(bench, "\"images_per_second\":");
  const std::string golden = (tests_folder() / "golden/components.json").string();
  has(run("verify --json --device cpu " + golden).out, "\"worst\":");

  const TemporaryFolder folder;
  const std::string faces = (folder.path() / "faces").string();
  REQUIRE(run("synth --out " + faces + " --train 20 --test 7 --size 64").code == 0);
  const std::string config = folder.write("small.json", R"({"data": {"root": "faces",
      "landmarks": "landmarks_19.csv", "landmark_size": 64, "image_size": 64},
      "model": {"bank": 20}, "train": {"epochs": 1, "batch": 10}})");
  const fs::path out = folder.path() / "run";
  REQUIRE(run("train " + config + " --device cpu --no-graph --run " + out.string()).code == 0);
  const std::string metrics = read_text(out / "metrics.jsonl");
  has(metrics, "\"losses\":{\"");
  has(metrics, "\"test_accuracy\":");
  CHECK(fs::exists(out / "last.safetensors"));
}

TEST_CASE("gpu-check: it goes on after each failure, counts them and ends with 1") {
  Machine machine;
  CHECK(machine.check("ACCURACY=0.3 WRONG='wrong-knn wrong-bf16 other-loss other-bits race'") == 1);
  const auto record = machine.record();
  for (const char* name :
       {"test_cuda_knn", "verify step.json bf16", "20 steps, cpu against cuda, f32",
        "20 steps, captured against eager, f32", "20 steps, captured against eager, bf16",
        "demo training", "racecheck"}) {
    CAPTURE(name);
    CHECK(status(record, name) == "failed");
  }
  CHECK(record.at("failed") == 7);
  CHECK(count(record, "failed") == 7);
  CHECK(count(record, "passed") == 7);
  CHECK(detail(record, "racecheck").find("1 hazard") != std::string::npos);
  CHECK(detail(record, "verify step.json bf16") == "the largest error is 1.5 of its bound");
}

TEST_CASE("gpu-check: tests that do nothing have not passed") {
  Machine machine;
  CHECK(machine.check("WRONG=skipped-knn") == 0);
  CHECK(status(machine.record(), "test_cuda_knn") == "skipped");
  CHECK(detail(machine.record(), "test_cuda_knn") == "one device");
  CHECK(machine.check("WRONG=no-knn") == 1);
  CHECK(status(machine.record(), "test_cuda_knn") == "failed");
}

TEST_CASE("gpu-check: a tool that refuses the device, or is not there, is unsupported") {
  Machine machine;
  CHECK(machine.check("WRONG=refuses") == 0);
  for (const char* tool : {"memcheck", "racecheck"}) {
    CHECK(status(machine.record(), tool) == "unsupported");
    CHECK(detail(machine.record(), tool).find("Device not supported") != std::string::npos);
  }
  if (std::system("PATH=$PATH:/usr/local/cuda/bin command -v compute-sanitizer >/dev/null") == 0)
    return;  // there is one beside the stand-in
  fs::remove(machine.root() / "bin/compute-sanitizer");
  CHECK(machine.check() == 0);
  CHECK(status(machine.record(), "memcheck") == "unsupported");
}

TEST_CASE("gpu-check: losses that are no numbers are no agreement") {
  Machine machine;
  CHECK(machine.check("WRONG=no-loss") == 1);
  CHECK(status(machine.record(), "20 steps, cpu against cuda, f32") == "failed");
}

TEST_CASE("gpu-check: what takes too long is stopped, and the rest is not run") {
  Machine machine;
  CHECK(machine.check("GPU_CHECK_SECONDS=2 WRONG=slow-doctor") == 1);
  const auto record = machine.record();
  CHECK(detail(record, "doctor").find("stopped after") != std::string::npos);
  CHECK(status(record, "verify step.json f32") == "failed");
  CHECK(detail(record, "verify step.json f32").find("not run") != std::string::npos);
  CHECK(status(record, "racecheck") == "failed");
  CHECK(record.at("results").size() == 14);
}

TEST_CASE("gpu-check: without a device that works it says why in one line and records nothing") {
  for (const std::string wrong : {"no-device", "cpu-only", "broken-program"}) {
    CAPTURE(wrong);
    Machine machine;
    CHECK(machine.check("WRONG=" + wrong) == 1);
    const std::string err = machine.err();
    CHECK(std::count(err.begin(), err.end(), '\n') == 1);
    CHECK_FALSE(machine.wrote_results());
  }
  Machine machine;
  machine.check("WRONG=no-device");
  CHECK(machine.err() == "gpu-check: no CUDA device works here: no driver\n");
}

TEST_CASE("gpu-check: a program from a changed tree leaves a record of another name") {
  Machine machine;
  CHECK(machine.check("WRONG=changed") == 0);
  CHECK_FALSE(fs::exists(machine.result_file(".json")));
  const auto record = nlohmann::json::parse(read_text(machine.result_file("-dirty.json")));
  CHECK(record.at("dirty") == true);
}

TEST_CASE("gpu-check: an option that it does not know is bad usage") {
  Machine machine;
  const std::string script = (machine.root() / "scripts/gpu-check").string();
  for (const char* options : {" --biuld x", " --build"})
    CHECK(WEXITSTATUS(std::system((script + options + " 2>/dev/null").c_str())) == 2);
}

}  // namespace lanet::test
