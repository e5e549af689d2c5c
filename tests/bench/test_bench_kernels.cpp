// bench kernels: what it measures, and what it refuses.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "bench/bench.h"
#include "tests/program.h"
#include "train/step_cost.h"

namespace lanet::test {
namespace {

using bench::Benchmark, bench::Sizes;

/// Each operation that a benchmark hands out, with what it announces on a context that only counts.
std::vector<CountedOperation> announced(const Benchmark& benchmark, const Sizes& sizes, DType dtype,
                                        Device device) {
  Context context(Context::CountOnly{}, device);
  OperationCounter counter;
  context.set_observer(&counter);
  size_t handed_out = 0;
  benchmark.run(context, sizes, dtype, [&](const std::function<void()>& operation) {
    operation();
    ++handed_out;
  });
  CHECK(counter.operations().size() == handed_out);
  return counter.operations();
}

}  // namespace

TEST_CASE("bench kernels: every operation of a training step is measured") {
  std::vector<std::string> measured;
  for (const Benchmark& benchmark : bench::benchmarks()) {
    CHECK_FALSE(benchmark.sizes.empty());
    for (const Sizes& sizes : benchmark.sizes) {
      REQUIRE(sizes.values.size() == benchmark.axes.size());
      for (const DType dtype : benchmark.dtypes) {
        for (const CountedOperation& o : announced(benchmark, sizes, dtype, Device::cuda))
          measured.push_back(o.name);
      }
    }
  }
  Config config;
  config.data.image_size = 64;
  config.train.batch = 16;
  config.train.dtype = DTypeSetting::bf16;
  for (const CountedOperation& o : count_step(config, Device::cuda)) {
    CAPTURE(o.name);
    CHECK(std::find(measured.begin(), measured.end(), o.name) != measured.end());
  }
}

TEST_CASE("bench kernels: one line of JSON, with bytes and operations as they are announced") {
  const Outcome outcome =
      run("bench kernels --device cpu --filter '^add$' --sizes 1000,7 --dtype f32 --json");
  CAPTURE(outcome.err);
  REQUIRE(outcome.code == 0);
  CHECK(std::count(outcome.out.begin(), outcome.out.end(), '\n') == 1);
  const auto report = nlohmann::json::parse(outcome.out);
  CHECK(report["format"] == "lanet-bench-kernels/1");
  CHECK(report["device"] == "cpu");
  for (const char* key : {"bytes_per_second", "f32_product_flops", "bf16_product_flops"})
    CHECK(report["ceilings"][key] > 0);
  REQUIRE(report["results"].size() == 2);
  const auto& first = report["results"][0];
  CHECK(first["operation"] == "add");
  CHECK(first["dtype"] == "f32");
  CHECK(first["sizes"] == "1000");
  CHECK(first["bytes"] == 12000);
  CHECK(first["flops"] == 1000);
  CHECK(report["results"][1]["sizes"] == "7");
  for (const char* cache : {"cold_ms", "warm_ms"}) {
    CHECK(first[cache]["p10"] > 0);
    CHECK(first[cache]["median"] >= first[cache]["p10"]);
    CHECK(first[cache]["p90"] >= first[cache]["median"]);
  }
}

TEST_CASE("bench kernels: a filter, a dtype or sizes that fit nothing are refused in one line") {
  const std::string command = "bench kernels --device cpu ";
  check_refused(command + "--filter con2d", "--filter 'con2d'");
  check_refused(command + "--filter con2d", "did you mean 'conv2d'?");
  check_refused(command + "--filter '('", "expected a regular expression");
  check_refused(command + "--filter '^gemm' --dtype bf16", "--dtype bf16: gemm is measured in f32");
  check_refused(command + "--filter '^gemm' --sizes 8x8",
                "--sizes 8x8: 2 numbers; expected 3 (m x n x k) for gemm");
  check_refused(command + "--filter '^gemm' --sizes 8x0x1",
                "--sizes 8x0x1: n is 0; expected 1 or more");
  check_refused(command + "--filter '^gemm' --sizes 8x-1x1", "expected numbers joined by x");
  check_refused(command + "--filter '^gemm' --sizes 8x", "expected numbers joined by x");
  check_refused(command + "--filter '^knn$' --sizes 2x10x8",
                "not valid for knn: 8 neighbours of 2 rows");
  check_refused(command + "--dtype f16", "'f16'; expected one of f32, bf16");
  check_refused("bench",
                "bench: no command; expected one of kernels, step, roofline, scaling, compare");
  check_refused("bench kernel", "unknown command 'kernel'; did you mean 'kernels'?");
}

}  // namespace lanet::test
