#include "bench/bench.h"

#include "core/parameter_io.h"
#include "core/rng.h"

namespace lanet::bench {

namespace {

std::vector<Benchmark>& registry() {
  static std::vector<Benchmark> all;
  return all;
}

/// Numbers for a tensor that was not given any: random ones, over and over. So many that no row of
/// a tensor is like another.
std::function<double(int64_t)> usual_elements(DType dtype) {
  if (dtype == DType::i32 || dtype == DType::u8) return [](int64_t) { return 0.0; };
  static const std::vector<double> numbers = [] {
    RandomStream stream(1, Purpose::benchmark);
    std::vector<double> drawn(65521);  // a prime
    for (double& number : drawn) number = static_cast<double>(stream.uniform(-1, 1));
    return drawn;
  }();
  return [](int64_t i) { return numbers[static_cast<size_t>(i) % numbers.size()]; };
}

}  // namespace

Registration::Registration(Benchmark benchmark) {
  registry().push_back(std::move(benchmark));
}

const std::vector<Benchmark>& benchmarks() {
  return registry();
}

BenchTensor::BenchTensor(Context& context, const Shape& shape, DType dtype)
    : BenchTensor(context, shape, dtype, usual_elements(dtype)) {}

BenchTensor::BenchTensor(Context& context, const Shape& shape, DType dtype,
                         const std::function<double(int64_t)>& element)
    : buffer_(context.allocate(shape.elements() * size_of(dtype))),
      tensor_(buffer_.tensor(shape, dtype)) {
  if (context.counts_only()) return;
  std::vector<double> values(static_cast<size_t>(shape.elements()));
  for (int64_t i = 0; i < shape.elements(); ++i) values[i] = element(i);
  write_tensor(context, tensor_, values);
}

}  // namespace lanet::bench
