// Micro-benchmarks of operations: what there is to measure, and at which sizes.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/owned_tensor.h"

namespace lanet::bench {

/// A number for each axis of a benchmark: {8, 56, 56, 64} of batch, height, width, channels.
struct Sizes {
  std::vector<int64_t> values;
  std::string layer = {};  ///< of the network, that has these sizes; may be empty

  int64_t operator[](size_t axis) const { return values[axis]; }
};

/// Is handed the operations that a benchmark consists of, one by one, and runs each as often as it
/// likes. What an operation is called and costs is what it announces (core/operation.h).
using Measure = std::function<void(const std::function<void()>& operation)>;

struct Benchmark {
  std::vector<std::string> axes;  ///< what the sizes are of
  std::vector<Sizes> sizes;
  std::vector<DType> dtypes = {DType::f32};
  /// The first axis counts images, or rows of them. The case lists hold as many as suit a
  /// processor; a GPU is measured on 16 times as many.
  bool images = false;
  bool last_may_be_zero = false;      ///< of the sizes: a padding, say
  std::optional<Device> device = {};  ///< that alone has these operations
  /// Also called with contexts that only count: tensors have addresses then, and no content.
  std::function<void(Context& context, const Sizes& sizes, DType dtype, const Measure& measure)>
      run;
};

/// Adds a benchmark at program start: static const Registration add_bench{{.axes = …}};
struct Registration {
  explicit Registration(Benchmark benchmark);
};
const std::vector<Benchmark>& benchmarks();

/// Those of a case list that are marked for benchmarks; values(case) are the numbers.
template <typename Cases, typename F>
std::vector<Sizes> bench_sizes(const Cases& cases, F&& values) {
  std::vector<Sizes> sizes;
  for (const auto& c : cases) {
    if (c.bench) sizes.push_back({values(c)});
  }
  return sizes;
}

/// Random elements in [-1, 1) for an OwnedTensor; zeros in one of integers. They repeat after so
/// many that no row of a tensor is like another.
double numbers(int64_t i);

}  // namespace lanet::bench
