// bench step and bench roofline: a training step counted, and a training step watched.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "bench/scaling.h"
#include "bench/step.h"
#include "tests/program.h"
#include "tests/train/mpirun.h"
#include "train/step_cost.h"

namespace lanet::test {
namespace {

const std::string kSmall = " --image 64 --batch 10 --device cpu --dtype f32 ";

std::vector<CountedOperation> count_small(Device device, const std::string& dtype) {
  return count_step(
      bench::step_config({.backbone = "resnet18", .image = 64, .batch = 10, .dtype = dtype}),
      device);
}

double sum_of(const nlohmann::json& groups, const char* key) {
  double sum = 0;
  for (const auto& group : groups) sum += group[key].get<double>();
  return sum;
}

}  // namespace

TEST_CASE("bench roofline: its totals are those of count_step, without the device") {
  const auto report = json_of("bench roofline --image 64 --batch 10 --dtype bf16 --json");
  const std::vector<CountedOperation> operations = count_small(Device::cuda, "bf16");
  const Cost total = total_cost(operations);
  CHECK(report["device"] == "cuda");
  CHECK(report["launches"] == total.launches);
  CHECK(report["bytes"] == total.bytes);
  CHECK(report["flops"] == total.flops);
  CHECK(report["floor_ms"] == doctest::Approx(1e3 * floor_seconds(operations, kH200)));
  CHECK(report["images_per_second"].get<double>() ==
        doctest::Approx(10 / floor_seconds(operations, kH200)));
  CHECK(sum_of(report["groups"], "launches") == total.launches);
  CHECK(sum_of(report["groups"], "bytes") == doctest::Approx(total.bytes));
  CHECK(sum_of(report["groups"], "floor_ms") == doctest::Approx(report["floor_ms"].get<double>()));
}

TEST_CASE("bench roofline: ceilings can be given, on the CPU too") {
  const auto report = json_of("bench roofline" + kSmall + "--bandwidth 10 --flops 0.1 --json");
  const std::vector<CountedOperation> operations = count_small(Device::cpu, "f32");
  CHECK(report["launches"] == total_cost(operations).launches);
  CHECK(report["ceilings"]["bytes_per_second"] == 1e10);
  CHECK(report["ceilings"]["f32_product_flops"] == doctest::Approx(1e11));
  CHECK(report["floor_ms"] == doctest::Approx(1e3 * floor_seconds(operations, {1e10, 1e11, 1e11})));
}

TEST_CASE("bench roofline: the step itself is timed beside it, and the table ends with both") {
  const Outcome outcome = run("bench roofline" + kSmall + "--bandwidth 10 --flops 0.1 --steps 1");
  CAPTURE(outcome.err);
  REQUIRE(outcome.code == 0);
  for (const char* part : {"launches", "conv2d_backward_weight", "optimiser", "floor", "measured"})
    CHECK(outcome.out.find(part) != std::string::npos);
}

TEST_CASE("bench step: one line of JSON that says what was timed") {
  const auto report = json_of("bench step" + kSmall + "--steps 1 --json");
  for (const char* key : {"images_per_second", "convolutions_images_per_second", "step_ms",
                          "peak_memory_bytes", "device_name", "threads", "tf32"})
    CHECK(report.contains(key));
  CHECK(report["allocations_after_freeze"] == 0);
  for (const char* key : {"p10", "p90", "min", "max", "mean"})  // of one step
    CHECK(report["step_ms"][key].get<double>() ==
          doctest::Approx(report["step_ms"]["median"].get<double>()));
  CHECK(report["ranks"] == 1);
  CHECK(report["exchanged"]["collectives"] == 0);
  CHECK_FALSE(report.contains("link"));
  CHECK_FALSE(report.contains("profile"));
}

TEST_CASE("bench step: two processes share the batch, and one tells what they exchange") {
  if (skipped()) return;
  const Outcome outcome =
      run_shell(kMpirun + "-np 2 " + program() + " bench step" + kSmall + "--steps 1 --json");
  CAPTURE(outcome.err);
  REQUIRE(outcome.code == 0);
  CHECK(std::count(outcome.out.begin(), outcome.out.end(), '\n') == 1);
  const auto report = nlohmann::json::parse(outcome.out);
  CHECK(report["ranks"] == 2);
  CHECK(report["batch"] == 10);
  CHECK(report["images_per_second"].get<double>() ==
        doctest::Approx(1e4 / report["step_ms"]["median"].get<double>()));
  CHECK(report["allocations_after_freeze"] == 0);
  const bench::CollectiveCount counted = bench::count_collectives(count_step(
      bench::step_config({.backbone = "resnet18", .image = 64, .batch = 10, .dtype = "f32"}),
      Device::cpu, {.rank = 0, .ranks = 2}));
  CHECK(report["exchanged"] == bench::to_json(counted));
  CHECK(report["link"]["latency_us"] > 0);
  CHECK(report["link"]["bytes_per_second"] > 0);
}

TEST_CASE("bench step: several processes refuse in one line what they cannot share") {
  if (skipped()) return;
  auto refused = [](const std::string& arguments, const std::string& what) {
    const Outcome outcome = run_shell(kMpirun + "-np 3 " + program() +
                                      " bench step --image 64 --device cpu " + arguments);
    CHECK(outcome.code == 2);
    CHECK(outcome.out.empty());
    CHECK(outcome.err == "lanet-cuda: " + what + "\n");
  };
  refused("--batch 10", "--batch: 10; expected a multiple of the 3 ranks, such as 12");
  refused("--batch 12 --profile", "--profile: started on 3 ranks; expected one");
}

TEST_CASE("bench step: the profile's trace has every operation of the step, and gaps are told") {
  const TemporaryFolder folder;
  const std::string file = (folder.path() / "trace.json").string();
  const auto report = json_of("bench step" + kSmall + "--steps 1 --json --profile " + file);
  const std::vector<CountedOperation> operations = count_small(Device::cpu, "f32");

  const auto trace = nlohmann::json::parse(read_text(file));
  const auto& events = trace["traceEvents"];
  REQUIRE(events.size() == operations.size() + 1);
  CHECK(events[0]["name"] == "step");
  const double step = events[0]["dur"];
  double inside = 0, end = 0;
  for (size_t i = 0; i < operations.size(); ++i) {
    const auto& event = events[i + 1];
    CHECK(event["name"] == operations[i].name);
    CHECK(event["cat"] == operations[i].pass);
    CHECK(event["args"]["node"] == operations[i].owner);
    CHECK(event["args"]["bytes"] == operations[i].cost.bytes);
    CHECK(event["args"]["flops"] == operations[i].cost.flops);
    CHECK(event["ph"] == "X");
    CHECK(event["dur"] > 0);
    CHECK(event["ts"].get<double>() >= end);  // one after the other
    end = event["ts"].get<double>() + 0.999 * event["dur"].get<double>();
    inside += event["dur"].get<double>();
  }
  CHECK(inside <= step);
  CHECK(end <= step);

  const auto& profile = report["profile"];
  CHECK(sum_of(profile["groups"], "calls") == operations.size());
  CHECK(sum_of(profile["groups"], "ms") <= profile["step_ms"]);
  CHECK(profile["outside_operations_ms"].get<double>() ==
        doctest::Approx(profile["step_ms"].get<double>() - sum_of(profile["groups"], "ms")));
}

TEST_CASE("bench step: a trace that cannot be written is refused before anything is timed") {
  check_refused("bench step" + kSmall + "--profile /no/such/folder/trace.json",
                "--profile: /no/such/folder/trace.json");
}

}  // namespace lanet::test
