// scripts/gpu-check with stand-ins that hang or are slow: its time limits, and what it records when
// time runs out or it is stopped.
#include "tests/project/gpu_check_record.h"

namespace lanet::test {
namespace {

using namespace gpu_check;

/// What each part takes where engines are timed for as long as they may be, and the tools are slow.
constexpr const char* kSlow =
    "doctor=4 add=15 knn=15 gemm=15 verify=5 synth=2 tuned=25 eager=6 bench=45 trainer=20 cpu=10 "
    "demo=45 memcheck=50 racecheck=70";

}  // namespace

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

}  // namespace lanet::test
