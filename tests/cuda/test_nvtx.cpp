// The ranges that --profile opens for NVIDIA's profilers, as one of them would see them: on the
// CPU, since NVTX needs no device.
#include <sstream>

#include "bench/step.h"
#include "tests/program.h"
#include "train/step_cost.h"

namespace lanet::test {

TEST_CASE("nvtx: --profile opens a range for each node, and in it one for each operation") {
  const auto recorder =
      std::filesystem::canonical("/proc/self/exe").parent_path() / "libnvtx-recorder.so";
  if (!std::filesystem::exists(recorder)) {
    MESSAGE("SKIPPED: there is no ", recorder.string());
    return;
  }
  const TemporaryFolder folder;
  const std::string record = (folder.path() / "ranges").string();
  const Outcome outcome = run_shell(
      "NVTX_INJECTION64_PATH=" + recorder.string() + " LANET_NVTX_RECORD=" + record + " " +
      program() + " bench step --device cpu --dtype f32 --image 64 --batch 10 --steps 1 --profile");
  CAPTURE(outcome.err);
  REQUIRE(outcome.code == 0);

  std::vector<std::string> open, found;
  std::istringstream in(read_text(record));
  for (std::string line; std::getline(in, line);) {
    if (line == "pop") {
      REQUIRE_FALSE(open.empty());
      open.pop_back();
      continue;
    }
    REQUIRE(line.starts_with("push "));
    open.push_back(line.substr(5));
    REQUIRE(open.size() <= 2);
    if (open.size() == 2) found.push_back(open[0] + ": " + open[1]);
  }
  CHECK(open.empty());

  std::vector<std::string> expected;
  for (int step = 0; step < 2; ++step) {  // one to warm up
    for (const CountedOperation& o : count_step(
             bench::step_config({.backbone = "resnet18", .image = 64, .batch = 10, .dtype = "f32"}),
             Device::cpu))
      expected.push_back(o.owner + " " + o.pass + ": " + o.name);
  }
  CHECK(found == expected);
}

}  // namespace lanet::test
