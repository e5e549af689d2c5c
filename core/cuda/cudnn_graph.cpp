#include "core/cuda/cudnn_graph.h"

#include <algorithm>
#include <chrono>
#include <optional>

namespace lanet::cudnn {

namespace {

constexpr size_t kMostTimed = 4;  // engines a plan, the first that are proposed

/// More workspace than this is not worth an engine.
constexpr size_t kMostWorkspaceBytes = size_t{1} << 30;

std::string last_error(cudnnStatus_t status) {
  char reason[1024] = "";
  cudnnGetLastErrorString(reason, sizeof reason);
  return fmt::format("{} {}", cudnnGetErrorString(status), reason);
}

Descriptor make_graph(const Target& target, const std::vector<Descriptor>& operations) {
  Descriptor graph(CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR);
  graph.set(CUDNN_ATTR_OPERATIONGRAPH_OPS, operations);
  if (target.handle) graph.set(CUDNN_ATTR_OPERATIONGRAPH_HANDLE, target.handle);
  graph.finalize();
  return graph;
}

/// What heuristics propose, the best first.
std::vector<Descriptor> proposals(const Target& target, const Descriptor& graph,
                                  cudnnBackendHeurMode_t mode) {
  Descriptor heuristics(CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR);
  heuristics.set(CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, graph);
  heuristics.set(CUDNN_ATTR_ENGINEHEUR_MODE, mode);
  if (target.device) heuristics.set(CUDNN_ATTR_ENGINEHEUR_DEVICEPROP, *target.device);
  if (!heuristics.try_finalize().empty()) return {};  // a mode may have nothing to say
  int64_t count = 0;
  LANET_CUDNN_CHECK(cudnnBackendGetAttribute(heuristics.get(), CUDNN_ATTR_ENGINEHEUR_RESULTS,
                                             CUDNN_TYPE_BACKEND_DESCRIPTOR, 0, &count, nullptr));
  std::vector<Descriptor> configurations;
  std::vector<cudnnBackendDescriptor_t> places;
  for (int64_t i = 0; i < count; ++i) {
    configurations.emplace_back(CUDNN_BACKEND_ENGINECFG_DESCRIPTOR);
    places.push_back(configurations.back().get());
  }
  LANET_CUDNN_CHECK(cudnnBackendGetAttribute(heuristics.get(), CUDNN_ATTR_ENGINEHEUR_RESULTS,
                                             CUDNN_TYPE_BACKEND_DESCRIPTOR, count, &count,
                                             places.data()));
  configurations.erase(configurations.begin() + count, configurations.end());
  return configurations;
}

struct Engine {
  int64_t index;
  std::vector<cudnnBackendNumericalNote_t> notes;

  explicit Engine(const Descriptor& configuration) {
    const Descriptor engine(CUDNN_BACKEND_ENGINE_DESCRIPTOR);
    cudnnBackendDescriptor_t place = engine.get();
    int64_t count = 0;
    LANET_CUDNN_CHECK(cudnnBackendGetAttribute(configuration.get(), CUDNN_ATTR_ENGINECFG_ENGINE,
                                               CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &count, &place));
    index = engine.get_integer(CUDNN_ATTR_ENGINE_GLOBAL_INDEX);
    notes.resize(CUDNN_NUMERICAL_NOTE_TYPE_COUNT);
    LANET_CUDNN_CHECK(cudnnBackendGetAttribute(
        engine.get(), CUDNN_ATTR_ENGINE_NUMERICAL_NOTE, CUDNN_TYPE_NUMERICAL_NOTE,
        static_cast<int64_t>(notes.size()), &count, notes.data()));
    notes.resize(static_cast<size_t>(count));
  }
  bool has(cudnnBackendNumericalNote_t note) const {
    return std::find(notes.begin(), notes.end(), note) != notes.end();
  }
  bool transforms() const {
    return has(CUDNN_NUMERICAL_NOTE_WINOGRAD) || has(CUDNN_NUMERICAL_NOTE_FFT);
  }
  bool tensor_cores() const {
    return has(CUDNN_NUMERICAL_NOTE_TENSOR_CORE) || has(CUDNN_NUMERICAL_NOTE_DOWN_CONVERT_INPUTS);
  }
  /// Why it is never taken; empty: it may be.
  std::string objection() const {
    if (has(CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC)) return "not deterministic";
    if (has(CUDNN_NUMERICAL_NOTE_REDUCED_PRECISION_REDUCTION)) return "sums in less than float";
    if (transforms()) return "transforms its operands";
    return "";
  }
};

}  // namespace

cudnnDataType_t library_dtype(DType dtype) {
  return dtype == DType::f64    ? CUDNN_DATA_DOUBLE
         : dtype == DType::bf16 ? CUDNN_DATA_BFLOAT16
                                : CUDNN_DATA_FLOAT;
}

Descriptor::Descriptor(cudnnBackendDescriptorType_t type) {
  LANET_CUDNN_CHECK(cudnnBackendCreateDescriptor(type, &descriptor_));
}

Descriptor::~Descriptor() {
  if (descriptor_) cudnnBackendDestroyDescriptor(descriptor_);
}

void Descriptor::set(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type,
                     int64_t count, const void* values) {
  LANET_CUDNN_CHECK(cudnnBackendSetAttribute(descriptor_, name, type, count, values));
}
void Descriptor::set(cudnnBackendAttributeName_t name, int64_t value) {
  set(name, CUDNN_TYPE_INT64, 1, &value);
}
void Descriptor::set(cudnnBackendAttributeName_t name, float value) {
  set(name, CUDNN_TYPE_FLOAT, 1, &value);
}
void Descriptor::set(cudnnBackendAttributeName_t name, cudnnDataType_t value) {
  set(name, CUDNN_TYPE_DATA_TYPE, 1, &value);
}
void Descriptor::set(cudnnBackendAttributeName_t name, cudnnConvolutionMode_t value) {
  set(name, CUDNN_TYPE_CONVOLUTION_MODE, 1, &value);
}
void Descriptor::set(cudnnBackendAttributeName_t name, cudnnBackendHeurMode_t value) {
  set(name, CUDNN_TYPE_HEUR_MODE, 1, &value);
}
void Descriptor::set(cudnnBackendAttributeName_t name, cudnnHandle_t value) {
  set(name, CUDNN_TYPE_HANDLE, 1, &value);
}
void Descriptor::set(cudnnBackendAttributeName_t name, cudnnBackendKnobType_t value) {
  set(name, CUDNN_TYPE_KNOB_TYPE, 1, &value);
}
void Descriptor::set(cudnnBackendAttributeName_t name, cudnnPointwiseMode_t value) {
  set(name, CUDNN_TYPE_POINTWISE_MODE, 1, &value);
}
void Descriptor::set(cudnnBackendAttributeName_t name, cudnnBackendNormMode_t value) {
  set(name, CUDNN_TYPE_NORM_MODE, 1, &value);
}
void Descriptor::set(cudnnBackendAttributeName_t name, cudnnBackendNormFwdPhase_t value) {
  set(name, CUDNN_TYPE_NORM_FWD_PHASE, 1, &value);
}
void Descriptor::set(cudnnBackendAttributeName_t name, bool value) {
  set(name, CUDNN_TYPE_BOOLEAN, 1, &value);
}
void Descriptor::set(cudnnBackendAttributeName_t name, const Descriptor& value) {
  set(name, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &value.descriptor_);
}
void Descriptor::set(cudnnBackendAttributeName_t name, const std::vector<Descriptor>& values) {
  std::vector<cudnnBackendDescriptor_t> descriptors;
  for (const Descriptor& value : values) descriptors.push_back(value.descriptor_);
  set(name, CUDNN_TYPE_BACKEND_DESCRIPTOR, static_cast<int64_t>(descriptors.size()),
      descriptors.data());
}
void Descriptor::set(cudnnBackendAttributeName_t name, const std::vector<int64_t>& values) {
  set(name, CUDNN_TYPE_INT64, static_cast<int64_t>(values.size()), values.data());
}
void Descriptor::set(cudnnBackendAttributeName_t name, const std::vector<void*>& values) {
  set(name, CUDNN_TYPE_VOID_PTR, static_cast<int64_t>(values.size()), values.data());
}
void Descriptor::set_pointer(cudnnBackendAttributeName_t name, void* value) {
  set(name, CUDNN_TYPE_VOID_PTR, 1, &value);
}
void Descriptor::set_text(cudnnBackendAttributeName_t name, const std::string& value) {
  set(name, CUDNN_TYPE_CHAR, static_cast<int64_t>(value.size()), value.data());
}

void Descriptor::finalize() {
  LANET_CUDNN_CHECK(cudnnBackendFinalize(descriptor_));
}
std::string Descriptor::try_finalize() {
  const cudnnStatus_t status = cudnnBackendFinalize(descriptor_);
  return status == CUDNN_STATUS_SUCCESS ? "" : last_error(status);
}

int64_t Descriptor::get_integer(cudnnBackendAttributeName_t name) const {
  int64_t value = 0, count = 0;
  LANET_CUDNN_CHECK(
      cudnnBackendGetAttribute(descriptor_, name, CUDNN_TYPE_INT64, 1, &count, &value));
  return value;
}

namespace {

/// All but what is special about it, and not finalised.
Descriptor started_tensor(int64_t id, const Shape& shape, cudnnDataType_t dtype) {
  const int64_t height = shape[1], width = shape[2], channels = shape[3];
  Descriptor tensor(CUDNN_BACKEND_TENSOR_DESCRIPTOR);
  tensor.set(CUDNN_ATTR_TENSOR_UNIQUE_ID, id);
  tensor.set(CUDNN_ATTR_TENSOR_DATA_TYPE, dtype);
  tensor.set(CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, int64_t{16});
  tensor.set(CUDNN_ATTR_TENSOR_DIMENSIONS, {shape[0], channels, height, width});
  tensor.set(CUDNN_ATTR_TENSOR_STRIDES,
             {height * width * channels, int64_t{1}, width * channels, channels});
  return tensor;
}

}  // namespace

Descriptor tensor_descriptor(int64_t id, const Shape& shape, DType dtype) {
  Descriptor tensor = started_tensor(id, shape, library_dtype(dtype));
  tensor.finalize();
  return tensor;
}
Descriptor virtual_descriptor(int64_t id, const Shape& shape, DType dtype) {
  Descriptor tensor = started_tensor(id, shape, library_dtype(dtype));
  tensor.set(CUDNN_ATTR_TENSOR_IS_VIRTUAL, true);
  tensor.finalize();
  return tensor;
}
Descriptor mask_descriptor(int64_t id, const Shape& shape) {
  Descriptor tensor = started_tensor(id, shape, CUDNN_DATA_BOOLEAN);
  tensor.finalize();
  return tensor;
}
Descriptor scalar_descriptor(int64_t id) {
  Descriptor tensor = started_tensor(id, {1, 1, 1, 1}, CUDNN_DATA_FLOAT);
  tensor.set(CUDNN_ATTR_TENSOR_IS_BY_VALUE, true);
  tensor.finalize();
  return tensor;
}

namespace {

/// What runs this configuration, or why it may not, or cannot.
std::optional<Candidate> candidate_of(const Target& target, Descriptor configuration,
                                      std::string& reason) {
  const Engine engine(configuration);
  reason = engine.objection();
  Descriptor plan(CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR);
  if (reason.empty()) {
    if (target.device)
      plan.set(CUDNN_ATTR_EXECUTION_PLAN_DEVICEPROP, *target.device);
    else
      plan.set(CUDNN_ATTR_EXECUTION_PLAN_HANDLE, target.handle);
    plan.set(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, configuration);
    reason = plan.try_finalize();
  }
  size_t workspace_bytes = 0;
  if (reason.empty()) {
    workspace_bytes =
        static_cast<size_t>(plan.get_integer(CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE));
    if (workspace_bytes > kMostWorkspaceBytes)
      reason = fmt::format("wants {} bytes of workspace", workspace_bytes);
  }
  if (!reason.empty()) {
    reason = fmt::format("engine {}: {}", engine.index, reason);
    return std::nullopt;
  }
  std::string description =
      fmt::format("engine {}{}, {} bytes of workspace", engine.index,
                  engine.tensor_cores() ? " on tensor cores" : "", workspace_bytes);
  return Candidate{std::move(configuration), std::move(plan), engine.index, workspace_bytes,
                   std::move(description)};
}

/// Every configuration that the library proposes and the rule on tensor cores allows, in order.
std::vector<Descriptor> allowed_proposals(const Target& target, const Descriptor& graph,
                                          TensorCores tensor_cores) {
  std::vector<Descriptor> configurations = proposals(target, graph, CUDNN_HEUR_MODE_A);
  for (Descriptor& last_resort : proposals(target, graph, CUDNN_HEUR_MODE_FALLBACK))
    configurations.push_back(std::move(last_resort));
  const auto has_them = [](const Descriptor& c) { return Engine(c).tensor_cores(); };
  if (tensor_cores == TensorCores::first)
    std::stable_partition(configurations.begin(), configurations.end(), has_them);
  else
    std::erase_if(configurations, has_them);
  return configurations;
}

}  // namespace

Plan::Plan(const Target& target, Operations operations, TensorCores tensor_cores,
           const std::string& what, const Tuning& tuning)
    : operations_(std::move(operations)),
      graph_(make_graph(target, operations_.operations)),
      chosen_(choose(target, tensor_cores, what, tuning)) {}

Candidate Plan::choose(const Target& target, TensorCores tensor_cores, const std::string& what,
                       const Tuning& tuning) const {
  const std::string key = what + (tensor_cores == TensorCores::first ? ", tensor cores" : "");
  std::string reason;
  if (const PlanChoice* choice = tuning.table ? tuning.table->find(key) : nullptr) {
    try {
      if (auto candidate = candidate_of(target, configuration_of(target, graph_, *choice), reason))
        return std::move(*candidate);
    } catch (const Error& error) {  // the library knows no such engine
      reason = error.what();
    }
    throw Error(
        fmt::format("the engine that was chosen for {} does not run: {}; --resume "
                    "--retune chooses anew",
                    what, reason));
  }
  const bool timed = tuning.table && target.handle && tuning.table->seconds_left > 0;
  const auto start = std::chrono::steady_clock::now();
  std::vector<Candidate> candidates;
  std::string reasons;
  for (Descriptor& configuration : allowed_proposals(target, graph_, tensor_cores)) {
    if (auto candidate = candidate_of(target, std::move(configuration), reason))
      candidates.push_back(std::move(*candidate));
    else
      reasons += "\n  " + reason;
    if (candidates.size() == (timed ? kMostTimed : 1)) break;
  }
  if (candidates.empty())
    throw Error(fmt::format("cuDNN {} has no engine for {}{}", cudnnGetVersion(), what,
                            reasons.empty() ? ": none was proposed" : reasons));
  size_t best = 0;
  double least = 0;
  if (timed) {
    for (size_t i = 0; i < candidates.size(); ++i) {
      const std::optional<double> milliseconds =
          milliseconds_of(target.handle, candidates[i], tuning.operands);
      if (!milliseconds || (least > 0 && *milliseconds >= least)) continue;
      best = i;
      least = *milliseconds;
    }
    tuning.table->seconds_left -=
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }
  if (tuning.table) {
    PlanChoice choice = choice_of(candidates[best]);
    choice.milliseconds = least;
    tuning.table->add(key, std::move(choice));
  }
  return std::move(candidates[best]);
}

void Plan::run(cudnnHandle_t handle, const std::vector<int64_t>& ids,
               const std::vector<void*>& pointers, void* workspace) const {
  run_plan(handle, chosen_.plan, ids, pointers, workspace);
}

int64_t count_proposals(const Target& target, const Operations& operations) {
  const Descriptor graph = make_graph(target, operations.operations);
  return static_cast<int64_t>(proposals(target, graph, CUDNN_HEUR_MODE_A).size());
}

}  // namespace lanet::cudnn
