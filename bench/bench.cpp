#include "bench/bench.h"

#include "core/rng.h"

namespace lanet::bench {

namespace {

std::vector<Benchmark>& registry() {
  static std::vector<Benchmark> all;
  return all;
}

}  // namespace

Registration::Registration(Benchmark benchmark) {
  registry().push_back(std::move(benchmark));
}

const std::vector<Benchmark>& benchmarks() {
  return registry();
}

double numbers(int64_t i) {
  static const std::vector<double> drawn = [] {
    RandomStream stream(1, Purpose::benchmark);
    std::vector<double> all(65521);  // a prime
    for (double& number : all) number = static_cast<double>(stream.uniform(-1, 1));
    return all;
  }();
  return drawn[static_cast<size_t>(i) % drawn.size()];
}

}  // namespace lanet::bench
