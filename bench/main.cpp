// lanet-bench [FILTER]: times every registered operation whose name contains FILTER.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <vector>

#include "bench/bench.h"
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

double run_seconds(const std::function<void()>& run) {
  const auto start = std::chrono::steady_clock::now();
  run();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

Benchmark::Benchmark(std::string name, std::function<void(Context&)> run) {
  registry().push_back({std::move(name), std::move(run)});
}

BenchTensor::BenchTensor(Context& context, const Shape& shape, DType dtype)
    : buffer_(context.allocate(shape.elements() * size_of(dtype))),
      tensor_(buffer_.tensor(shape, dtype)) {
  context.fill_zero(tensor_);
  if (dtype == DType::i32 || dtype == DType::u8) return;
  RandomStream stream(1, Purpose::benchmark);
  dispatch_float(dtype, [&]<typename T>() {
    T* data = tensor_.as<T>();
    for (int64_t i = 0; i < tensor_.elements(); ++i) data[i] = T(stream.uniform(-1, 1));
  });
}

void report(const Measurement& m) {
  m.run();
  std::vector<double> seconds;
  double total = 0;
  while (seconds.size() < 5 || (total < 0.2 && seconds.size() < 1000)) {
    seconds.push_back(run_seconds(m.run));
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
  const std::string filter = argc > 1 ? argv[1] : "";
  lanet::Context context;
  for (const auto& entry : lanet::bench::registry()) {
    if (entry.name.find(filter) != std::string::npos) entry.run(context);
  }
}
