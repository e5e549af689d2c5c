// scripts/gpu-check with stand-ins for the program, its tests and the tools: what it records for
// each outcome and in which order, that it goes on after a failure, its time limits and its exit
// code.
#include <regex>
#include <set>
#include <sstream>

#include "tests/project/gpu_check_machine.h"

namespace lanet::test {
namespace {

namespace fs = std::filesystem;
using gpu_check::kCmake;
using gpu_check::Machine;

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

std::vector<std::string> names(const nlohmann::json& record) {
  std::vector<std::string> all;
  for (const auto& r : record.at("results")) all.push_back(r.at("name"));
  return all;
}

int count(const nlohmann::json& record, const std::string& wanted) {
  int number = 0;
  for (const auto& r : record.at("results")) number += r.at("status") == wanted;
  return number;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::vector<std::string> lines_of(const fs::path& path) {
  std::vector<std::string> lines;
  std::istringstream in(read_text(path));
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

/// The names in `text` that match.
std::set<std::string> matches(const std::string& text, const std::string& expression) {
  const std::regex wanted(expression);
  std::set<std::string> found;
  for (std::sregex_iterator i(text.begin(), text.end(), wanted), end; i != end; ++i)
    found.insert(i->str());
  return found;
}

/// Every check, in order of importance.
const std::vector<std::string> kChecks = {"doctor",
                                          "test_cuda_add",
                                          "test_cuda_knn",
                                          "test_cuda_gemm",
                                          "verify step.json f32",
                                          "verify step.json bf16",
                                          "20 steps, captured against eager, bf16",
                                          "20 steps, captured against eager, f32",
                                          "bench step 224 px, batch 128, bf16",
                                          "bench step 224 px, batch 128, f32",
                                          "test_cuda_trainer",
                                          "20 steps, cpu against cuda, f32",
                                          "demo training",
                                          "memcheck",
                                          "racecheck"};

/// After a check in which everything passed.
const Machine& where_all_passes() {
  static Machine machine;
  static const int code = machine.check();
  CAPTURE(machine.err());
  REQUIRE(code == 0);
  return machine;
}

/// What each part takes where engines are timed for as long as they may be, and the tools are slow.
constexpr const char* kSlow =
    "doctor=4 add=15 knn=15 gemm=15 verify=5 synth=2 tuned=25 eager=6 bench=45 trainer=20 cpu=10 "
    "demo=45 memcheck=50 racecheck=70";

}  // namespace

TEST_CASE("gpu-check: where everything passes it says so, of which commit and on what") {
  const Machine& machine = where_all_passes();
  const auto record = machine.record();
  CHECK(record.at("format") == "lanet-gpu-check/1");
  CHECK(record.at("git") == "0123456789abcdef0123456789abcdef01234567");
  CHECK(record.at("dirty") == false);
  CHECK(record.at("device").at("name") == "NVIDIA Test 9000");
  CHECK(record.at("device").at("driver") == "580.65");
  CHECK(record.at("device").at("doctor").at("cuda_driver") == "13.0");
  CHECK(record.at("total_seconds") == 480);
  CHECK(record.at("complete") == true);
  CHECK(record.at("failed") == 0);
  CHECK(record.at("out_of_time") == 0);
  CHECK(names(record) == kChecks);
  for (const std::string& name : kChecks) {
    CAPTURE(detail(record, name));
    CHECK(status(record, name) == "passed");
    CHECK(result(record, name).at("seconds").is_number());
  }
  CHECK(detail(record, "test_cuda_knn") == "1 case");
  CHECK(result(record, "test_cuda_knn").at("seconds") == 0.25);
  REQUIRE(record.at("bench").size() == 2);
  CHECK(record.at("bench")[1].at("images_per_second") == 1234.5);
  CHECK(machine.out().ends_with("gpu-check: 0 failed, 0 skipped because time ran out; " +
                                machine.result_file(".json").string() + "\n"));
  const std::string log = read_text(machine.result_file(".log"));
  CHECK(contains(log, "$ " + (machine.root() / "build/lanet-cuda").string() + " doctor"));
}

TEST_CASE("gpu-check: tests of a group share a process, and the sanitizers take chosen ones") {
  const Machine& machine = where_all_passes();
  CHECK(lines_of(machine.root() / "test-runs") ==
        std::vector<std::string>{
            "--source-file=*/test_cuda_add.cpp,*/test_cuda_knn.cpp,*/test_cuda_gemm.cpp",
            "--source-file=*/test_cuda_trainer.cpp",
            "--source-file=*/test_cuda_add.cpp,*/test_cuda_knn.cpp",
            "--source-file=*/test_cuda_add.cpp,*/test_cuda_knn.cpp"});
  CHECK(read_text(machine.root() / "test-dir") == (machine.root() / "tests").string() + "\n");
}

TEST_CASE("gpu-check: the tests that it names exist") {
  const std::string script = read_text(Machine::script_source());
  const std::string listed =
      run_shell(fs::canonical("/proc/self/exe").string() + " --list-test-cases -r=xml").out;
  for (const std::string list : {"sanitized", "step_tests"}) {
    const std::smatch found = [&] {
      static std::smatch match;  // refers to `script`
      REQUIRE(std::regex_search(script, match, std::regex("\n" + list + "=\"([^\"]*)\"")));
      return match;
    }();
    const std::set<std::string> tests = matches(found[1], "[a-z0-9_]+");
    CHECK(tests.size() >= 7);
    for (const std::string& test : tests) {
      CAPTURE(test);
      CHECK(test.starts_with("test_cuda_"));
      const fs::path sources = tests_folder();
      CHECK((contains(listed, "/" + test + ".cpp\"") ||
             fs::exists(sources / "cuda" / (test + ".cpp"))));
    }
  }
}

TEST_CASE("gpu-check: shells take it, and shellcheck finds nothing") {
  const std::string script = Machine::script_source().string();
  CHECK(run_shell("sh -n " + script).err == "");
  if (run_shell("command -v shellcheck").code != 0) return;
  CHECK(run_shell("shellcheck " + script).out == "");
}

TEST_CASE("gpu-check: clocks, power and temperature are recorded around each timing") {
  const std::string bench = "bench step 224 px, batch 128, bf16";
  auto record = where_all_passes().record();
  const nlohmann::json state = {{"sm_mhz", 1980},         {"sm_max_mhz", 1980},
                                {"memory_mhz", 3201},     {"power_w", 123.45},
                                {"power_limit_w", 700.0}, {"temperature_c", 35}};
  for (const char* when : {"before", "after"}) CHECK(result(record, bench).at(when) == state);
  CHECK_FALSE(result(record, "doctor").contains("before"));

  Machine machine;
  CHECK(machine.check("WRONG=smi-once") == 0);  // without the limit, and gone at the second call
  record = machine.record();
  CHECK(result(record, bench).at("before").at("power_limit_w").is_null());
  CHECK(result(record, bench).at("before").at("sm_mhz") == 1980);
  CHECK(result(record, bench).at("after").is_null());
  CHECK(detail(record, bench) == "1234.5 images per second");
  CHECK(detail(record, "bench step 224 px, batch 128, f32") ==
        "1234.5 images per second; nvidia-smi reports no clocks");
}

TEST_CASE("gpu-check: the program itself writes what the stand-in writes") {
  auto has = [](const std::string& text, const std::string& what) {
    CAPTURE(text);
    CAPTURE(what);
    CHECK(text.find(what) != std::string::npos);
  };
  const Outcome doctor = run("doctor --json");
  CHECK(doctor.code == 0);
  for (const char* what : {"\"commit\":\"", "\"changed\":", "\"cuda_driver_release\":"})
    has(doctor.out, what);
  const std::string bench =
      run("bench step --json --device cpu --image 64 --batch 10 --steps 1").out;
  CHECK(bench.starts_with("{"));
  has(bench, "\"images_per_second\":");
  const std::string golden = (tests_folder() / "golden/components.json").string();
  has(run("verify --json --device cpu " + golden).out, "\"worst\":");

  const std::string tests = run_shell(fs::canonical("/proc/self/exe").string() +
                                      " '--source-file=*/test_cuda_add.cpp' -r=xml --duration=true")
                                .out;
  for (const char* what :
       {"<TestCase name=\"", "/test_cuda_add.cpp\" line=\"", "<OverallResultsAsserts successes=\"",
        "test_case_success=\"true\"", " duration=\""})
    has(tests, what);

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
  CHECK(machine.check("ACCURACY=0.3 WRONG='wrong-gemm wrong-bf16 other-loss other-bits race'") ==
        1);
  const auto record = machine.record();
  CHECK(names(record) == kChecks);
  for (const char* name :
       {"test_cuda_gemm", "verify step.json bf16", "20 steps, cpu against cuda, f32",
        "20 steps, captured against eager, f32", "20 steps, captured against eager, bf16",
        "demo training", "racecheck"}) {
    CAPTURE(name);
    CHECK(status(record, name) == "failed");
  }
  CHECK(record.at("failed") == 7);
  CHECK(count(record, "failed") == 7);
  CHECK(count(record, "passed") == 8);
  CHECK(contains(detail(record, "racecheck"), "1 hazard"));
  CHECK(detail(record, "verify step.json bf16") == "the largest error is 1.5 of its bound");
}

TEST_CASE("gpu-check: after a test that fails the others get a process of their own") {
  Machine machine;
  CHECK(machine.check("WRONG=wrong-knn") == 1);
  CHECK(names(machine.record()) == kChecks);
  CHECK(detail(machine.record(), "test_cuda_knn") ==
        "test_cuda_knn.cpp:7: a < b 2 < 1 dtype := f32");
  CHECK(status(machine.record(), "test_cuda_add") == "passed");
  CHECK(status(machine.record(), "test_cuda_gemm") == "passed");
  CHECK(lines_of(machine.root() / "test-runs")[1] == "--source-file=*/test_cuda_gemm.cpp");
}

TEST_CASE("gpu-check: a crash belongs to the file in which it happens") {
  Machine machine;
  CHECK(machine.check("WRONG=crashing-knn") == 1);
  auto record = machine.record();
  CHECK(names(record) == kChecks);
  CHECK(status(record, "test_cuda_add") == "passed");
  CHECK(status(record, "test_cuda_knn") == "failed");
  CHECK(contains(detail(record, "test_cuda_knn"), "exit code 139"));
  CHECK(status(record, "test_cuda_gemm") == "passed");
  CHECK(status(record, "test_cuda_trainer") == "passed");

  CHECK(machine.check("WRONG=crashing-at-end") == 1);
  record = machine.record();
  for (const char* name : {"test_cuda_add", "test_cuda_knn", "test_cuda_gemm", "test_cuda_trainer"})
    CHECK(status(record, name) == "passed");
  CHECK(record.at("failed") == 4);  // both groups of tests, and they again in both tools
}

TEST_CASE("gpu-check: tests that do nothing have not passed") {
  Machine machine;
  CHECK(machine.check("WRONG='skipped-gemm no-trainer'") == 1);
  const auto record = machine.record();
  CHECK(status(record, "test_cuda_gemm") == "skipped");
  CHECK(detail(record, "test_cuda_gemm") == "one device");
  CHECK(record.at("out_of_time") == 0);
  CHECK(status(record, "test_cuda_trainer") == "failed");
  CHECK(detail(record, "test_cuda_trainer") == "no test ran");
}

TEST_CASE("gpu-check: a tool that refuses the device, or is not there, is unsupported") {
  Machine machine;
  CHECK(machine.check("WRONG=refuses") == 0);
  for (const char* tool : {"memcheck", "racecheck"}) {
    CHECK(status(machine.record(), tool) == "unsupported");
    CHECK(contains(detail(machine.record(), tool), "Device not supported"));
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

TEST_CASE("gpu-check: losses that differ are judged by their distances from f64") {
  Machine machine;
  auto said = [&](const std::string& wrong) {
    CHECK(machine.check("WRONG='" + wrong + "'") == 1);
    CHECK(status(machine.record(), "20 steps, cpu against cuda, f32") == "failed");
    return detail(machine.record(), "20 steps, cpu against cuda, f32");
  };
  std::string text = said("other-loss");
  CHECK(contains(text, "is 0.05; the bound is 5e-4"));
  CHECK(contains(text, "from f64 the CPU differs by 0.0003 and CUDA by 0.0497"));
  CHECK(text.ends_with(": this is a fault"));
  text = said("rounded-loss");
  CHECK(contains(text, "is 0.0006; the bound is 5e-4"));
  CHECK(contains(text, "from f64 the CPU differs by 0.0003 and CUDA by 0.0003"));
  CHECK(text.ends_with(": the bound is wrong"));
  CHECK(said("other-loss no-f64").ends_with("not compared with f64: exit code 1: out of memory"));
}

TEST_CASE("gpu-check: what hangs has failed, is killed if it must be, and the rest is run") {
  Machine machine;
  CHECK(machine.check_by_clock("WRONG=hanging-verify", "") == 1);
  const auto record = machine.record();
  CHECK(names(record) == kChecks);
  CHECK(status(record, "verify step.json bf16") == "failed");
  CHECK(detail(record, "verify step.json bf16") == "did not end within 48 s");
  CHECK(status(record, kChecks[6]) == "passed");
}

TEST_CASE("gpu-check: a test that hangs has failed, and the tests after it are run") {
  Machine machine;
  CHECK(machine.check_by_clock("WRONG=hanging-knn", "hanging=1000") == 1);
  const auto record = machine.record();
  CHECK(names(record) == kChecks);
  CHECK(status(record, "test_cuda_add") == "passed");
  CHECK(status(record, "test_cuda_knn") == "failed");
  CHECK(detail(record, "test_cuda_knn") == "did not end within 120 s");
  CHECK(status(record, "test_cuda_gemm") == "passed");
  CHECK(status(record, "demo training") == "passed");
}

TEST_CASE("gpu-check: what the time does not reach is skipped, and has not failed") {
  Machine machine;
  CHECK(machine.check("GPU_CHECK_SECONDS=1 WRONG=slow-doctor") == 0);
  const auto record = machine.record();
  CHECK(names(record) == kChecks);
  CHECK(count(record, "skipped") == static_cast<int>(kChecks.size()));
  CHECK(detail(record, "doctor") == "no time left");
  CHECK(detail(record, "test_cuda_gemm") == "no time left");
  CHECK(detail(record, "verify step.json f32") == "no time left");
  CHECK(record.at("failed") == 0);
  CHECK(record.at("out_of_time") == kChecks.size());
  CHECK(contains(machine.out(), "gpu-check: 0 failed, 15 skipped because time ran out; "));
}

TEST_CASE("gpu-check: in little time, too, nothing fails because time ran out") {
  Machine machine;
  CHECK(machine.check_by_clock("GPU_CHECK_SECONDS=30", "doctor=20 verify=15") == 0);
  const auto record = machine.record();
  CHECK(status(record, "doctor") == "passed");
  CHECK(status(record, "verify step.json f32") == "skipped");
  CHECK(record.at("failed") == 0);
}

TEST_CASE("gpu-check: a test that the end of the time stops is skipped, what is done counts") {
  Machine machine;
  CHECK(machine.check_by_clock("WRONG=hanging-trainer",
                               "add=100 verify=45 bench=120 hanging=1000") == 0);
  const auto record = machine.record();
  CHECK(count(record, "passed") == 10);
  for (const char* name : {"test_cuda_trainer", "demo training", "racecheck"}) {
    CHECK(status(record, name) == "skipped");
    CHECK(detail(record, name).starts_with("no time left"));
  }
  CHECK(record.at("out_of_time") == 5);
}

TEST_CASE("gpu-check: 240 seconds reach the bench step, 480 the sanitizers") {
  Machine machine;
  CHECK(machine.check_by_clock("GPU_CHECK_SECONDS=240", kSlow) == 0);
  auto record = machine.record();
  CHECK(record.at("total_seconds") == 240);
  CHECK(names(record) == kChecks);
  const auto reached = std::find(kChecks.begin(), kChecks.end(), "test_cuda_trainer");
  for (auto name = kChecks.begin(); name != reached; ++name)
    CHECK(status(record, *name) == "passed");
  CHECK(record.at("failed") == 0);
  CHECK(record.at("out_of_time") > 0);

  CHECK(machine.check_by_clock("", kSlow) == 0);
  CHECK(machine.record().at("failed") == 0);
  CHECK(machine.record().at("out_of_time") == 0);
}

TEST_CASE("gpu-check: a library that is too old is doctor's failure, and the rest is run") {
  const std::string problem =
      "cuDNN: loaded 8.9.7, compiled with 9.19.0; expected 9.19 or a newer 9.";
  Machine machine;
  CHECK(machine.check("WRONG=old-library") == 1);
  const auto record = machine.record();
  CHECK(names(record) == kChecks);
  CHECK(status(record, "doctor") == "failed");
  CHECK(detail(record, "doctor") == problem + " ");
  CHECK(detail(record, "test_cuda_gemm") == "device cuda: " + problem);
  CHECK(record.at("failed") == 5);  // the tests, too

  CHECK(machine.check("WRONG='cpu-only old-library'") == 1);
  CHECK(machine.err() == "gpu-check: no CUDA device works here: " + problem + "\n");
}

TEST_CASE("gpu-check: when it is stopped it stops what it runs, and the record says so") {
  Machine machine;
  const std::string root = machine.root().string();
  const Outcome outcome =
      run_shell("ROOT=" + root + " WRONG=slow-verify " + machine.script().string() + " --build " +
                root + "/build & while kill -0 $! && ! [ -e " + root +
                "/verifying ]; do sleep 0.1; done; kill -TERM $!; wait $!");
  CHECK(outcome.code == 1);
  CHECK_FALSE(fs::exists(machine.root() / "verified"));
  const auto record = machine.record();
  CHECK(record.at("complete") == false);
  CHECK(status(record, "test_cuda_gemm") == "passed");
}

TEST_CASE("gpu-check: a device that is there and refuses has failed, with the reason") {
  Machine machine;
  CHECK(machine.check("WRONG=refused") == 1);
  const auto record = machine.record();
  CHECK(names(record) == kChecks);
  CHECK(status(record, "doctor") == "failed");
  CHECK(contains(detail(record, "doctor"), "out of memory"));
  for (const char* name : {"test_cuda_add", "test_cuda_gemm", "test_cuda_trainer"}) {
    CHECK(status(record, name) == "failed");
    CHECK(detail(record, name) == "device cuda: out of memory");
  }
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
  CHECK(machine.err() == "gpu-check: no CUDA device works here: there is no NVIDIA driver.\n");
}

TEST_CASE("gpu-check: a program from a changed tree leaves a record of another name") {
  Machine machine;
  CHECK(machine.check("WRONG=changed") == 0);
  CHECK_FALSE(fs::exists(machine.result_file(".json")));
  const auto record = nlohmann::json::parse(read_text(machine.result_file("-dirty.json")));
  CHECK(record.at("dirty") == true);
}

TEST_CASE("gpu-check: a bundle checks itself, with pip's libraries where it has none") {
  Machine machine;
  const fs::path root = machine.root();
  fs::rename(root / "build/lanet-cuda", root / "lanet-cuda");
  fs::rename(root / "build/tests/lanet-tests", root / "tests/lanet-tests");
  CHECK(machine.start("", "") == 0);
  CHECK(names(machine.record()) == kChecks);
  CHECK_FALSE(contains(machine.out(), "libraries"));

  machine.write_program("bin/ldd", "\necho 'libcudnn.so.9 => not found'\n");
  machine.write_program("bin/python3", "\necho; echo /no/such/zip; echo \"$ROOT/site-packages\"\n");
  CHECK(machine.start("WRONG=without-pip", "") == 1);
  CHECK(contains(machine.err(), "libcudnn.so.9: not found"));
  const fs::path packages = root / "site-packages/nvidia";
  for (const char* package : {"cudnn", "nccl"}) fs::create_directories(packages / package / "lib");
  CHECK(machine.start("WRONG=without-pip", "") == 0);
  CHECK(contains(machine.out(), "missing libraries looked for in " +
                                    (packages / "cudnn/lib").string() + ":" +
                                    (packages / "nccl/lib").string()));
}

TEST_CASE("gpu-check: a build takes every variable that third_party/README.md names") {
  Machine machine;
  machine.write("CMakeLists.txt", "");
  machine.write_program("bin/cmake", kCmake);
  const std::string readme = read_text(tests_folder().parent_path() / "third_party/README.md");
  const std::set<std::string> variables = matches(readme, "LANET_[A-Z_]+|[A-Za-z]+_ROOT");
  CHECK(variables.size() >= 9);
  std::string environment;
  for (const std::string& variable : variables)
    environment += variable + "='/a b/" + variable + ";/c' ";
  CHECK(machine.start(environment, "") == 0);
  const std::vector<std::string> arguments = lines_of(machine.root() / "cmake-arguments");
  for (const std::string& variable : variables) {
    const std::string wanted = "-D" + variable + "=/a b/" + variable + ";/c";
    CAPTURE(wanted);
    CHECK(std::count(arguments.begin(), arguments.end(), wanted) == 1);
  }
  CHECK(names(machine.record()) == kChecks);
}

TEST_CASE("gpu-check: an unknown option or an invalid time is bad usage") {
  Machine machine;
  CHECK(machine.start("", " --build /no/such/build") == 2);
  CHECK(machine.err().starts_with("gpu-check: --build /no/such/build: no program "));
  for (const char* options : {" --biuld x", " --build"}) CHECK(machine.start("", options) == 2);
  for (const char* seconds : {"4m", "0", "-1"}) {
    CHECK(machine.check("GPU_CHECK_SECONDS=" + std::string(seconds)) == 2);
    CHECK(contains(machine.err(), "GPU_CHECK_SECONDS: '" + std::string(seconds) + "'"));
  }
}

}  // namespace lanet::test
