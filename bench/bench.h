// Micro-benchmarks of operations: registration and timing.
#pragma once

#include <functional>
#include <string>

#include "core/context.h"

namespace lanet::bench {

/// One measurement: what it runs, and the bytes and floating-point operations of one run, counted
/// from its arguments.
struct Measurement {
  std::string name;
  double bytes = 0;
  double flops = 0;
  std::function<void()> run;
};

/// Times `m` (warm-up, then at least 5 runs and 0.2 s) and prints a line: median, p10, p90, GB/s,
/// GFLOP/s.
void report(const Measurement& m);

/// Registers a benchmark at program start: static Benchmark b{"name", [](Context&) { ...
/// report(...); }};
struct Benchmark {
  Benchmark(std::string name, std::function<void(Context&)> run);
};

/// An owned tensor filled with numbers in [-1, 1) (integers: zeros).
class BenchTensor {
 public:
  BenchTensor(Context& context, const Shape& shape, DType dtype);
  operator const Tensor&() const { return tensor_; }
  const Tensor& tensor() const { return tensor_; }

 private:
  Buffer buffer_;
  Tensor tensor_;
};

}  // namespace lanet::bench
