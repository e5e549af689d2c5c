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
void report(Context& context, const Measurement& m);

/// Registers a benchmark at program start: static Benchmark b{"name", [](Context& context) { ...
/// report(context, ...); }};
struct Benchmark {
  Benchmark(std::string name, std::function<void(Context&)> run);
};

/// The case lists hold batches of images that suit a processor. A GPU is measured on 16 times as
/// many: `n` images or rows of them, or what stands for them on this device.
inline int64_t batch_for(const Context& context, int64_t n) {
  return context.device() == Device::cuda ? 16 * n : n;
}

/// An owned tensor on the context's device.
class BenchTensor {
 public:
  /// Filled with numbers in [-1, 1) (integers: zeros).
  BenchTensor(Context& context, const Shape& shape, DType dtype);
  /// Filled with element(i), rounded to `dtype`, for each i in order.
  BenchTensor(Context& context, const Shape& shape, DType dtype,
              const std::function<double(int64_t)>& element);
  operator const Tensor&() const { return tensor_; }
  const Tensor& tensor() const { return tensor_; }

 private:
  Buffer buffer_;
  Tensor tensor_;
};

}  // namespace lanet::bench
