// Operation: what each call of an operation of kernels/ announces before it runs: its name and its
// cost, counted from its arguments. Whoever watches the context (profile, roofline, tests) sees it;
// a context that only counts runs nothing.
#pragma once

#include <optional>
#include <string>

#include "core/context.h"

namespace lanet {

/// The cost of one call on its context's device.
struct Cost {
  int launches = 1;  ///< on CUDA: kernels of our own and operations of libraries
  double bytes = 0;  ///< memory traffic: every pass over a tensor counts, whatever caches keep
  double flops = 0;  ///< additions and multiplications, one each
  std::optional<DType> product = {};  ///< operands of the matrix product that the flops are, if so
};

/// The bytes of one pass over each of these; absent tensors have none.
inline double bytes_of(std::initializer_list<Tensor> tensors) {
  double bytes = 0;
  for (const Tensor& t : tensors) bytes += t ? static_cast<double>(t.bytes()) : 0;
  return bytes;
}
/// The bytes of writing each of these, and of reading those that are added to.
inline double bytes_of(std::initializer_list<Gradient> gradients) {
  double bytes = 0;
  for (const Gradient& g : gradients) bytes += (g.add ? 2 : 1) * bytes_of({g.tensor});
  return bytes;
}

/// What a device does at most.
struct Ceilings {
  double bytes_per_second = 0;
  double bf16_flops = 0;   ///< a second, in products of bf16 operands
  double float_flops = 0;  ///< a second, in products of float32 operands
};
/// An H200: copy 4.3 TB/s and bf16 product 790 TFLOP/s as measured; float32 as in its data sheet.
inline constexpr Ceilings kH200{4.3e12, 790e12, 67e12};

/// The least time that this operation takes: of its traffic or its product, whichever is longer.
double floor_seconds(const Cost& cost, const Ceilings& ceilings);

/// Watches the operations of a context from outside: set_observer().
class OperationObserver {
 public:
  virtual ~OperationObserver() = default;
  /// What the operations from here on belong to: a node of the graph and its direction ("forward",
  /// "backward"), or a part of the step.
  virtual void enter(const std::string& owner, const char* kind, const char* pass) = 0;
  virtual void begin(const char* operation, const Cost& cost) = 0;
  virtual void end() = 0;
};

/// Lives while an operation runs. Operations within operations are parts of the outer one's cost,
/// and are not announced.
class Operation {
 public:
  Operation(Context& context, const char* name, const Cost& cost);
  ~Operation();
  Operation(const Operation&) = delete;
  Operation& operator=(const Operation&) = delete;

  /// False on a context that only counts: the operation returns at once.
  bool runs() const { return !context_.counts_only(); }

 private:
  Context& context_;
};

}  // namespace lanet
