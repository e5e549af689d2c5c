// cuDNN's backend API, whose descriptors describe tensors, operations on them, and the engines that
// can run these: as much of it as the project uses, with owners and checks.
#pragma once

#include <cudnn.h>

#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "core/cuda/libraries.h"

namespace lanet::cudnn {

cudnnDataType_t library_dtype(DType dtype);

/// A descriptor, owned. Attributes are set, then it is finalised, then it is used.
class Descriptor {
 public:
  explicit Descriptor(cudnnBackendDescriptorType_t type);
  Descriptor(Descriptor&& other) noexcept
      : descriptor_(std::exchange(other.descriptor_, nullptr)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~Descriptor();

  cudnnBackendDescriptor_t get() const { return descriptor_; }

  void set(cudnnBackendAttributeName_t name, int64_t value);
  void set(cudnnBackendAttributeName_t name, float value);
  void set(cudnnBackendAttributeName_t name, cudnnDataType_t value);
  void set(cudnnBackendAttributeName_t name, cudnnConvolutionMode_t value);
  void set(cudnnBackendAttributeName_t name, cudnnBackendHeurMode_t value);
  void set(cudnnBackendAttributeName_t name, cudnnHandle_t value);
  void set(cudnnBackendAttributeName_t name, const Descriptor& value);
  void set(cudnnBackendAttributeName_t name, const std::vector<int64_t>& values);
  void set(cudnnBackendAttributeName_t name, const std::vector<void*>& values);
  void set_pointer(cudnnBackendAttributeName_t name, void* value);
  void set_text(cudnnBackendAttributeName_t name, const std::string& value);

  void finalize();
  /// Finalises, or says why not; empty: done.
  std::string try_finalize();

  int64_t get_integer(cudnnBackendAttributeName_t name) const;

 private:
  void set(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type, int64_t count,
           const void* values);

  cudnnBackendDescriptor_t descriptor_ = nullptr;
};

/// An image [N, H, W, C] or the weight [O, H, W, I] of a convolution, dense in that order, under a
/// number of its own in the graph. The library counts dimensions as N, C, H, W.
Descriptor tensor_descriptor(int64_t id, const Shape& shape, DType dtype);

/// What plans are made for: the device of a handle, or, without one, a device described in cuDNN's
/// own words. Such plans cannot run here.
struct Target {
  cudnnHandle_t handle = nullptr;
  const Descriptor* device = nullptr;
};

/// Which engines are taken: none that gives other bits when it runs again, sums in less than float,
/// or transforms its operands (Winograd, Fourier), which rounds more.
enum class TensorCores {
  never,  ///< they round float32 to TF32
  first   ///< wherever some engine has them: heuristics at times propose others before
};

/// One operation with the engine that runs it.
class Plan {
 public:
  /// The first engine that the library's heuristics (mode A, then those of last resort) propose,
  /// the rules allow, and that accepts the operation. Throws Error with `what`, which names the
  /// operation, and the reasons against each engine if there is none. `operation` is finalised;
  /// `parts` is what it was made of.
  Plan(const Target& target, Descriptor operation, std::vector<Descriptor> parts,
       TensorCores tensor_cores, const std::string& what);

  size_t workspace_bytes() const { return workspace_bytes_; }
  /// `engine 37 on tensor cores, 2048 bytes of workspace`
  const std::string& description() const { return description_; }

  /// Runs it on the stream of the handle that it was made for: the tensors' numbers, then where
  /// they are.
  void run(cudnnHandle_t handle, const std::vector<int64_t>& ids,
           const std::vector<void*>& pointers, void* workspace) const;

 private:
  /// Takes the engine, or says why not.
  std::string try_engine(const Target& target, Descriptor configuration);

  std::vector<Descriptor> parts_;  // what plan_ refers to
  Descriptor plan_;
  size_t workspace_bytes_ = 0;
  std::string description_;
};

}  // namespace lanet::cudnn
