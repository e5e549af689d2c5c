// bench scaling: what it prints, draws, measures and refuses.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "tests/program.h"
#include "tests/train/mpirun.h"

namespace lanet::test {

TEST_CASE("bench scaling: one line of JSON, by what is given") {
  const auto report = json_of(
      "bench scaling --image 64 --batch 16 --step-ms 4 --latency 5 --node-bandwidth 100 --json");
  CHECK(report["format"] == "lanet-bench-scaling/1");
  CHECK(report["step_source"] == "given");
  CHECK(report["step_ms"] == 4);
  CHECK(report["within"]["latency_us"] == doctest::Approx(5));
  CHECK(report["between"]["bytes_per_second"] == 1e11);
  CHECK(report["weak"].size() == 11);
  CHECK(report["strong"].size() == 5);
  CHECK(report["weak"][0]["step_ms"].get<double>() == doctest::Approx(4));
  double last = 2;
  for (const auto& point : report["weak"]) {
    double parts = 0;
    for (const char* key :
         {"compute_ms", "norm_statistics_ms", "gather_scatter_ms", "exposed_buckets_ms"})
      parts += point[key].get<double>();
    CHECK(parts == doctest::Approx(point["step_ms"].get<double>()));
    CHECK(point["efficiency"] < last);
    last = point["efficiency"];
    for (const char* key : {"collectives", "collective_bytes", "buckets", "bucket_bytes"})
      CHECK(point["exchanged"].contains(key));
  }
  const auto assumed = json_of("bench scaling --image 64 --batch 16 --json");
  CHECK(assumed["step_source"] == "assumed");
  CHECK(assumed["step_ms"].get<double>() ==
        doctest::Approx(assumed["floor_ms"].get<double>() / 0.65));
}

TEST_CASE("bench scaling: the table says what is assumed and given; the plot is a file") {
  const TemporaryFolder folder;
  const std::string file = (folder.path() / "plot.svg").string();
  const Outcome outcome = run("bench scaling --image 64 --batch 16 --plot " + file);
  CAPTURE(outcome.err);
  REQUIRE(outcome.code == 0);
  for (const char* part : {"predicted, not measured", "assumed", "given, not measured",
                           "weak: 16 images per rank", "strong: 16 images in all"})
    CHECK(outcome.out.find(part) != std::string::npos);
  const std::string svg = read_text(file);
  CHECK(svg.starts_with("<svg "));
  CHECK(svg.ends_with("</svg>\n"));
  size_t marks = 0;
  for (size_t at = 0; (at = svg.find("<circle", at)) != std::string::npos; ++at) ++marks;
  CHECK(marks == 11 + 5);
}

TEST_CASE("bench scaling: what it cannot do is refused in one line") {
  check_refused("bench scaling --batch 9", "--batch");
  check_refused("bench scaling --measure 1,2", "--measure runs ranks on the CPU");
  check_refused("bench scaling --device cpu", "--device cpu: expected --step-ms, or --measure");
  check_refused("bench scaling --plot /no/such/folder/plot.svg",
                "--plot: /no/such/folder/plot.svg");
  if (skipped()) return;
  check_refused("bench scaling --device cpu --batch 16 --measure 3",
                "--batch: 16; expected a multiple of the 3 ranks, such as 15");
  check_refused("bench scaling --device cpu --batch 65536 --measure 2",
                "--measure: 2 ranks of 65536 images");
  const Outcome one_of_two =
      run_shell("OMPI_COMM_WORLD_RANK=1 OMPI_COMM_WORLD_SIZE=2 " + program() + " bench scaling");
  CHECK(one_of_two.code == 2);
  CHECK(one_of_two.err.find("bench scaling: started as one of several") != std::string::npos);
}

TEST_CASE("bench scaling: ranks of this machine beside what is predicted of them") {
  if (skipped()) return;
  const auto report = json_of(
      "bench scaling --device cpu --image 64 --batch 10 --dtype f32 --measure 1 --steps 1 --json");
  CHECK(report["threads"] == 1);
  CHECK(report["one_rank_ms"] > 0);
  CHECK(report["link"]["bytes_per_second"] > 0);
  CHECK(report["processes_to_threads"] > 0);
  REQUIRE(report["measured"].size() == 2);
  for (const auto& step : report["measured"]) {
    CHECK(step["ranks"] == 2);
    CHECK(step["measured_ms"] > 0);
    CHECK(step["error"].get<double>() ==
          doctest::Approx(step["predicted_ms"].get<double>() / step["measured_ms"].get<double>() -
                          1));
  }
  CHECK(report["measured"][0]["batch"] == 20);
  CHECK(report["measured"][1]["batch"] == 10);
}

}  // namespace lanet::test
