// lanet-bench [--device cpu|cuda] [FILTER]: times every registered operation whose name contains
// FILTER.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <vector>

#include "bench/bench.h"
#include "bench/timer.h"
#include "core/parameter_io.h"
#include "core/rng.h"

namespace lanet::bench {

namespace {

struct Entry {
  std::string name;
  std::function<void(Context&)> run;
};
std::vector<Entry>& registry() {
  static std::vector<Entry> entries;
  return entries;
}

/// Numbers for a tensor that was not given any.
std::function<double(int64_t)> usual_elements(DType dtype) {
  if (dtype == DType::i32 || dtype == DType::u8) return [](int64_t) { return 0.0; };
  return [stream = RandomStream(1, Purpose::benchmark)](int64_t) mutable {
    return static_cast<double>(stream.uniform(-1, 1));
  };
}

}  // namespace

Benchmark::Benchmark(std::string name, std::function<void(Context&)> run) {
  registry().push_back({std::move(name), std::move(run)});
}

BenchTensor::BenchTensor(Context& context, const Shape& shape, DType dtype)
    : BenchTensor(context, shape, dtype, usual_elements(dtype)) {}

BenchTensor::BenchTensor(Context& context, const Shape& shape, DType dtype,
                         const std::function<double(int64_t)>& element)
    : buffer_(context.allocate(shape.elements() * size_of(dtype))),
      tensor_(buffer_.tensor(shape, dtype)) {
  std::vector<double> values(static_cast<size_t>(shape.elements()));
  for (int64_t i = 0; i < shape.elements(); ++i) values[i] = element(i);
  write_tensor(context, tensor_, values);
}

void report(Context& context, const Measurement& m) {
  Timer timer(context);
  timer.seconds(m.run);
  std::vector<double> seconds;
  double total = 0;
  while (seconds.size() < 5 || (total < 0.2 && seconds.size() < 1000)) {
    seconds.push_back(timer.seconds(m.run));
    total += seconds.back();
  }
  std::sort(seconds.begin(), seconds.end());
  auto quantile = [&](double q) { return seconds[static_cast<size_t>(q * (seconds.size() - 1))]; };
  const double median = quantile(0.5);
  fmt::print("{:<58} {:>10.4f} ms  p10 {:>10.4f}  p90 {:>10.4f}  {:>7.2f} GB/s {:>8.2f} GFLOP/s\n",
             m.name, 1e3 * median, 1e3 * quantile(0.1), 1e3 * quantile(0.9), m.bytes / median / 1e9,
             m.flops / median / 1e9);
}

}  // namespace lanet::bench

int main(int argc, char** argv) {
  std::string device = "cpu", filter;
  CLI::App options("Times the operations whose name contains FILTER.", "lanet-bench");
  options.add_option("--device", device)->check(CLI::IsMember({"cpu", "cuda"}));
  options.add_option("FILTER", filter);
  CLI11_PARSE(options, argc, argv);
  try {
    lanet::Context context(device == "cuda" ? lanet::Device::cuda : lanet::Device::cpu);
    for (const auto& entry : lanet::bench::registry())
      if (entry.name.find(filter) != std::string::npos) entry.run(context);
  } catch (const std::exception& error) {
    fmt::print(stderr, "lanet-bench: {}\n", error.what());
    return 1;
  }
}
