// scripts/gpu-check with stand-ins that fail: what it records of each failure, that it goes on, and
// its exit code.
#include "tests/project/gpu_check_record.h"

namespace lanet::test {
namespace {

using namespace gpu_check;

}  // namespace

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

}  // namespace lanet::test
