// scripts/gpu-check with stand-ins for the program, its tests and the tools: what it records, in
// which order, what it runs, and how it is built and called.
#include <regex>
#include <set>

#include "tests/project/gpu_check_record.h"

namespace lanet::test {
namespace {

using namespace gpu_check;

/// The names in `text` that match.
std::set<std::string> matches(const std::string& text, const std::string& expression) {
  const std::regex wanted(expression);
  std::set<std::string> found;
  for (std::sregex_iterator i(text.begin(), text.end(), wanted), end; i != end; ++i)
    found.insert(i->str());
  return found;
}

/// After a check in which everything passed.
const Machine& where_all_passes() {
  static Machine machine;
  static const int code = machine.check();
  CAPTURE(machine.err());
  REQUIRE(code == 0);
  return machine;
}

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
  std::set<std::string> sources;  // a build with CUDA compiles all of them
  for (const auto& file : fs::recursive_directory_iterator(tests_folder()))
    sources.insert(file.path().filename().string());
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
      CHECK(sources.contains(test + ".cpp"));
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
                                      " '--source-file=*/test_add.cpp' -r=xml --duration=true")
                                .out;
  for (const char* what :
       {"<TestCase name=\"", "/test_add.cpp\" line=\"", "<OverallResultsAsserts successes=\"",
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
