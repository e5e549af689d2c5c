#include "bench/scaling_check.h"

#include <algorithm>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "bench/ceilings.h"
#include "bench/step.h"
#include "core/ranks/communicator.h"
#include "train/ranks/launch.h"
#include "train/ranks/ranks.h"

namespace lanet::bench {

namespace {

const char* to_string(Scaling scaling) {
  return scaling == Scaling::weak ? "weak" : "strong";
}

struct MeasuredStep {
  double seconds = 0;
  Link link;  // of several ranks
};

/// `bench step` in processes of its own, whose one line of JSON comes back through a file.
MeasuredStep measure_step(const ScalingOptions& options, int64_t batch, int ranks,
                          int64_t threads) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::tmpfile(), std::fclose);
  if (!file) throw Error("--measure: cannot create a temporary file");
  const int code = launch_ranks({.ranks = ranks, .gpus = {}, .output = fileno(file.get())},
                                {"bench", "step", "--json", "--device", "cpu",  //
                                 "--recipe", options.recipe,                    //
                                 "--backbone", options.backbone, "--dtype", options.dtype,
                                 "--image", std::to_string(options.image),  //
                                 "--batch", std::to_string(batch),          //
                                 "--threads", std::to_string(threads),      //
                                 "--steps", std::to_string(options.steps)});
  if (code != 0)
    throw Error(fmt::format("--measure: {} ranks ended with exit code {}", ranks, code));
  std::rewind(file.get());
  const nlohmann::json line = nlohmann::json::parse(file.get());
  MeasuredStep step{.seconds = 1e-3 * line.at("step_ms").at("median").get<double>()};
  if (ranks > 1)
    step.link = {1e-6 * line.at("link").at("latency_us").get<double>(),
                 line.at("link").at("bytes_per_second").get<double>()};
  return step;
}

/// What is left for each of so many ranks: cores and memory are the machine's.
Ceilings ceilings_of_each(int ranks, int threads, int cores) {
  Context context(Device::cpu, std::min(ranks * threads, cores));
  Ceilings ceilings = measure_ceilings(context);
  for (double* rate : {&ceilings.bytes_per_second, &ceilings.bf16_flops, &ceilings.float_flops})
    *rate /= ranks;
  return ceilings;
}

/// What no run would take.
void check_options(const ScalingOptions& options, const std::set<int>& numbers) {
  if (mpi_version().loaded.empty())
    throw InputError("--measure: this program was built without MPI (CMake option LANET_MPI=ON)");
  for (const int ranks : numbers) {
    check_batch("--batch", options.batch, least_batch({}), ranks);
    if (ranks * options.batch > kLargestBatch)
      throw InputError(fmt::format("--measure: {} ranks of {} images; expected at most {} in all",
                                   ranks, options.batch, kLargestBatch));
  }
}

}  // namespace

ScalingCheck check_scaling(const ScalingOptions& options) {
  std::set<int> numbers(options.measure.begin(), options.measure.end());
  numbers.insert({1, 2});
  check_options(options, numbers);
  const int threads = std::max(1, static_cast<int>(options.threads));
  ScalingCheck check{.threads = threads,
                     .cores = static_cast<int>(std::thread::hardware_concurrency())};

  const double one = measure_step(options, options.batch, 1, threads).seconds;
  Cluster machine;
  machine.slowdown = one / floor_seconds(count_step(step_config(options), Device::cpu),
                                         ceilings_of_each(1, threads, check.cores));
  check.one = {Scaling::weak, 1, options.batch, one, one};
  numbers.erase(1);
  for (const int ranks : numbers) {
    machine.ceilings = ceilings_of_each(ranks, threads, check.cores);
    for (const Scaling scaling : {Scaling::weak, Scaling::strong}) {
      const int64_t batch = scaling == Scaling::weak ? ranks * options.batch : options.batch;
      const MeasuredStep step = measure_step(options, batch, ranks, threads);
      if (check.several.empty()) check.link = step.link;  // of two ranks: they come first
      machine.within = machine.between = check.link;
      const ScalingPoint point = predict(options, batch, ranks, Device::cpu, machine);
      check.several.push_back({scaling, ranks, batch, step.seconds, point.time.seconds()});
    }
  }
  const double by_threads = measure_step(options, options.batch, 1, 2 * threads).seconds;
  check.processes_to_threads = by_threads / check.several[1].measured;
  return check;
}

nlohmann::ordered_json to_json(const ScalingCheck& check) {
  nlohmann::ordered_json measured = nlohmann::ordered_json::array();
  for (const CheckedStep& step : check.several)
    measured.push_back({{"scaling", to_string(step.scaling)},
                        {"ranks", step.ranks},
                        {"batch", step.batch},
                        {"measured_ms", 1e3 * step.measured},
                        {"predicted_ms", 1e3 * step.predicted},
                        {"error", step.error()}});
  return {{"threads", check.threads},    {"cores", check.cores},
          {"link", to_json(check.link)}, {"one_rank_ms", 1e3 * check.one.measured},
          {"measured", measured},        {"processes_to_threads", check.processes_to_threads}};
}

void print_check(const ScalingCheck& check) {
  fmt::print("{} cores, {} threads per rank; measured link between two ranks: {}\n\n", check.cores,
             check.threads, describe(check.link));
  fmt::print("{:<8}{:>6}{:>8}{:>14}{:>15}{:>10}{:>10}\n", "scaling", "ranks", "batch",
             "measured ms", "predicted ms", "error", "img/s");
  auto row = [](const char* scaling, const CheckedStep& step) {
    fmt::print("{:<8}{:>6}{:>8}{:>14.1f}{:>15.1f}{:>8.1f} %{:>10.2f}\n", scaling, step.ranks,
               step.batch, 1e3 * step.measured, 1e3 * step.predicted, 100 * step.error(),
               static_cast<double>(step.batch) / step.measured);
  };
  row("", check.one);
  for (const CheckedStep& step : check.several) row(to_string(step.scaling), step);
  fmt::print(
      "\n2 ranks with {} threads each reach {:.3f} times the images per second of 1 rank with {}\n",
      check.threads, check.processes_to_threads, 2 * check.threads);
}

}  // namespace lanet::bench
