// cuDNN's backend API, whose descriptors describe tensors, operations on them, and the engines that
// can run these: as much of it as the project uses, with owners and checks.
#pragma once

#include <cudnn.h>

#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/cuda/libraries.h"
#include "core/plan_table.h"

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
  void set(cudnnBackendAttributeName_t name, cudnnBackendKnobType_t value);
  void set(cudnnBackendAttributeName_t name, cudnnPointwiseMode_t value);
  void set(cudnnBackendAttributeName_t name, cudnnBackendNormMode_t value);
  void set(cudnnBackendAttributeName_t name, cudnnBackendNormFwdPhase_t value);
  void set(cudnnBackendAttributeName_t name, cudnnGenStatsMode_t value);
  void set(cudnnBackendAttributeName_t name, bool value);
  void set(cudnnBackendAttributeName_t name, const Descriptor& value);
  void set(cudnnBackendAttributeName_t name, const std::vector<Descriptor>& values);
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
/// The same of what one operation of a graph hands to another, and nobody else sees.
Descriptor virtual_descriptor(int64_t id, const Shape& shape, DType dtype);
/// A bit for each element of such an image, eight to a byte.
Descriptor mask_descriptor(int64_t id, const Shape& shape);
/// One float that is given to run() as the address of host memory.
Descriptor scalar_descriptor(int64_t id);

/// Operations of a graph, finalised, and what they were made of.
struct Operations {
  std::deque<Descriptor> parts;
  std::vector<Descriptor> operations;

  const Descriptor& part(Descriptor made) {
    parts.push_back(std::move(made));
    return parts.back();
  }
  void operation(Descriptor made) {
    made.finalize();
    operations.push_back(std::move(made));
  }
};

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
  /// Where engines are not timed, wherever one has them: heuristics at times propose others before.
  /// Where they are timed, all take part.
  first
};

/// An engine with its settings that accepts a graph.
struct Candidate {
  Descriptor configuration, plan;
  size_t workspace_bytes;
  std::string description;
};

/// A graph of operations with the engine that runs it.
class Plan {
 public:
  /// The engine that the table holds for this graph; else the first that the library's heuristics
  /// (mode A, then those of last resort) propose, the rules allow, and that accepts the graph,
  /// which is added to the table. Throws Error with `what`, which names the graph, and the reasons
  /// against each engine if there is none, or if the table's does not run here.
  Plan(const Target& target, Operations operations, TensorCores tensor_cores,
       const std::string& what, PlanTable* table = nullptr);

  size_t workspace_bytes() const { return chosen_.workspace_bytes; }
  /// `engine 37 on tensor cores, 2048 bytes of workspace`
  const std::string& description() const { return chosen_.description; }

  /// Runs it on the stream of the handle that it was made for: the tensors' numbers, then where
  /// they are.
  void run(cudnnHandle_t handle, const std::vector<int64_t>& ids,
           const std::vector<void*>& pointers, void* workspace) const;

 private:
  Candidate choose(const Target& target, TensorCores tensor_cores, const std::string& what,
                   PlanTable* table) const;

  Operations operations_;
  Descriptor graph_;
  Candidate chosen_;
};

/// The key under which a table holds the engine of the graph named `what`.
std::string table_key(const std::string& what, TensorCores tensor_cores);

Descriptor make_graph(const Target& target, const std::vector<Descriptor>& operations);

/// What the library's heuristics propose for a graph and the rule on tensor cores allows, in the
/// library's order.
std::vector<Descriptor> allowed_configurations(const Target& target, const Descriptor& graph,
                                               TensorCores tensor_cores);
bool has_tensor_cores(const Descriptor& configuration);
/// True if its engine is compiled when it is planned: that takes a second, and a driver's library.
bool is_compiled(const Descriptor& configuration);
/// What runs this configuration; nothing, and the reason, if it may not or cannot run.
std::optional<Candidate> candidate_of(const Target& target, Descriptor configuration,
                                      std::string& reason);
/// The numbers of a configuration, and the configuration of a graph that has these numbers.
PlanEngine engine_of(const Descriptor& configuration);
Descriptor configuration_of(const Target& target, const Descriptor& graph,
                            const PlanEngine& engine);

/// The operands of one run: the tensors' numbers, and where they are.
Descriptor variant_pack(const std::vector<int64_t>& ids, const std::vector<void*>& pointers,
                        void* workspace);

/// How many engines with their settings the library holds to be able to run these operations. It
/// has asked each, but compiled none: on a machine without a driver an engine that is compiled when
/// it is planned can get no further.
int64_t count_proposals(const Target& target, const Operations& operations);

}  // namespace lanet::cudnn
