// Context: the device, its memory and its libraries, passed explicitly to every operation.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

#include "core/tensor.h"

namespace lanet {

class Communicator;
class Context;
class OperationObserver;
class PlanTable;
namespace cuda {
class Libraries;
/// What Context keeps for a CUDA device from its beginning to its end (core/cuda/libraries.h).
std::shared_ptr<Libraries> make_libraries(Context& context);
}  // namespace cuda

/// An owned block of device memory, 64-byte aligned, of unspecified content. Move-only.
class Buffer {
 public:
  Buffer() = default;
  Buffer(Buffer&&) noexcept = default;
  Buffer& operator=(Buffer&&) noexcept = default;

  void* data() const { return block_.get(); }
  size_t bytes() const { return bytes_; }
  /// A view of the block from `offset` bytes on.
  Tensor tensor(const Shape& shape, DType dtype, size_t offset = 0) const;

 private:
  friend class Context;
  std::shared_ptr<void> block_;
  size_t bytes_ = 0;
  Device device_ = Device::cpu;
};

/// What all memory of one context amounts to.
struct MemoryStats {
  size_t current_bytes = 0;
  size_t peak_bytes = 0;
  size_t allocations = 0;
};

class Context {
 public:
  /// threads: 0 takes what OpenMP would. Throws Error if the device was not built or does not work.
  explicit Context(Device device = Device::cpu, int threads = 0);
  /// A context that only counts: operations announce themselves (core/operation.h) and return, its
  /// memory has addresses and no content, and copies do nothing. It stands for any device, built or
  /// not, present or not.
  struct CountOnly {};
  Context(CountOnly, Device device);
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  Device device() const { return device_; }
  int threads() const { return threads_; }
  bool counts_only() const { return counts_only_; }
  /// Who is told of every operation, or null.
  void set_observer(OperationObserver* observer) { observer_ = observer; }
  OperationObserver* observer() const { return observer_; }
  /// Tells the observer whose the operations from here on are: a node of the graph, or a part of
  /// the step, its kind and direction.
  void enter(const std::string& owner, const char* kind, const char* pass) const;
  /// cudaStream_t on a CUDA device, else null.
  void* stream() const { return stream_; }

  /// Memory on this device. After freeze() it throws: a step must not allocate.
  Buffer allocate(size_t bytes);
  const MemoryStats& memory() const { return *stats_; }

  /// Scratch memory shared by all operations; what it holds lasts until the next operation.
  /// reserve_workspace() is called while planning, workspace() while running.
  void reserve_workspace(size_t bytes);
  void* workspace(size_t bytes) const;
  size_t workspace_bytes() const { return workspace_.bytes(); }

  /// For proof against other programs' numbers: float32 convolutions planned from now on follow the
  /// definition, with sums in double. A library sums in float, in one long chain, whose rounding is
  /// enough to flip a ReLU here and there, and one flip moves the losses of the next step by more
  /// than 1e-5.
  void set_exact_products(bool exact) { exact_products_ = exact; }
  bool exact_products() const { return exact_products_; }

  /// On CUDA: float32 products and convolutions, these as they are planned, may round their
  /// operands to TF32, 10 bits behind the point, which is several times as fast. Not with
  /// exact_products().
  void set_tf32(bool allowed) { tf32_ = allowed; }
  bool tf32() const { return tf32_ && !exact_products_; }
  /// On CUDA: convolutions planned from now on use the engines in this table. Graph::plan() first
  /// times what the table lacks, while its time lasts; planning adds the default engine for the
  /// rest. Null at first: every convolution uses the default engine. The table must outlive the
  /// planning.
  void set_plans(PlanTable* plans) { plans_ = plans; }
  PlanTable* plans() const { return plans_; }
  /// The processes that train together; one process, as it starts. It must outlive its use here.
  void set_communicator(Communicator* communicator) { communicator_ = communicator; }
  Communicator& communicator() const;
  /// Null on the CPU.
  cuda::Libraries* libraries() const { return libraries_.get(); }

  void freeze() { frozen_ = true; }
  void thaw() { frozen_ = false; }
  bool frozen() const { return frozen_; }

  /// Waits until everything put on this context's stream is done.
  void synchronize();
  /// Copies between host and this device, or within it; done when it returns on the CPU.
  void copy(const Tensor& to, const Tensor& from);
  void fill_zero(const Tensor& tensor);

 private:
  friend class Operation;
  Device device_;
  int threads_;
  void* stream_ = nullptr;
  bool counts_only_ = false;
  PlanTable* plans_ = nullptr;
  Communicator* communicator_ = nullptr;
  OperationObserver* observer_ = nullptr;
  int operation_depth_ = 0;
  bool frozen_ = false;
  bool exact_products_ = false;
  bool tf32_ = false;
  std::shared_ptr<MemoryStats> stats_;
  Buffer workspace_;
  std::shared_ptr<cuda::Libraries> libraries_;
};

/// While it lives the context may allocate: for what stands beside the steps, as ranks that agree.
class Thawed {
 public:
  explicit Thawed(Context& context) : context_(context), frozen_(context.frozen()) {
    context_.thaw();
  }
  ~Thawed() {
    if (frozen_) context_.freeze();
  }
  Thawed(const Thawed&) = delete;
  Thawed& operator=(const Thawed&) = delete;

 private:
  Context& context_;
  bool frozen_;
};

/// A tensor that is wanted, and where the view of it goes.
struct WantedTensor {
  Tensor* tensor;
  Shape shape;
  DType dtype;
};
/// One block for all of them, each at a multiple of 256 bytes; of unspecified content.
Buffer allocate_tensors(Context& context, const std::vector<WantedTensor>& wanted);

/// The host's elements into a tensor of as many bytes; done when it returns.
template <typename T>
void upload(Context& context, const Tensor& to, const std::vector<T>& from) {
  LANET_REQUIRE(from.size() * sizeof(T) == to.bytes(), "{} bytes for a tensor of {} {}",
                from.size() * sizeof(T), to.dtype, to.shape);
  context.copy(to, {const_cast<T*>(from.data()), to.shape, to.dtype, Device::cpu});
  context.synchronize();
}

/// Why there can be no Context on `device` here, in a few words; empty if there can be.
std::string device_problem(Device device);

}  // namespace lanet
