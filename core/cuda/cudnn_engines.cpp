// Engines of cuDNN: what the library proposes, what the rules allow, and their numbers.
#include <algorithm>

#include "core/cuda/cudnn_graph.h"

namespace lanet::cudnn {

namespace {

/// More workspace than this is not worth an engine.
constexpr size_t kMostWorkspaceBytes = size_t{1} << 30;

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

Descriptor engine_descriptor(const Descriptor& configuration) {
  Descriptor engine(CUDNN_BACKEND_ENGINE_DESCRIPTOR);
  cudnnBackendDescriptor_t place = engine.get();
  int64_t count = 0;
  LANET_CUDNN_CHECK(cudnnBackendGetAttribute(configuration.get(), CUDNN_ATTR_ENGINECFG_ENGINE,
                                             CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &count, &place));
  return engine;
}

struct Engine {
  int64_t index;
  std::vector<cudnnBackendNumericalNote_t> notes;

  explicit Engine(const Descriptor& configuration) {
    const Descriptor engine = engine_descriptor(configuration);
    int64_t count = 0;
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

Descriptor make_graph(const Target& target, const std::vector<Descriptor>& operations) {
  Descriptor graph(CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR);
  graph.set(CUDNN_ATTR_OPERATIONGRAPH_OPS, operations);
  if (target.handle) graph.set(CUDNN_ATTR_OPERATIONGRAPH_HANDLE, target.handle);
  graph.finalize();
  return graph;
}

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
  return Candidate{std::move(configuration), std::move(plan), workspace_bytes,
                   std::move(description)};
}

bool has_tensor_cores(const Descriptor& configuration) {
  return Engine(configuration).tensor_cores();
}

bool is_compiled(const Descriptor& configuration) {
  const Descriptor engine = engine_descriptor(configuration);
  std::vector<cudnnBackendBehaviorNote_t> notes(CUDNN_BEHAVIOR_NOTE_TYPE_COUNT);
  int64_t count = 0;
  LANET_CUDNN_CHECK(cudnnBackendGetAttribute(
      engine.get(), CUDNN_ATTR_ENGINE_BEHAVIOR_NOTE, CUDNN_TYPE_BEHAVIOR_NOTE,
      static_cast<int64_t>(notes.size()), &count, notes.data()));
  return std::find(notes.begin(), notes.begin() + count, CUDNN_BEHAVIOR_NOTE_RUNTIME_COMPILATION) !=
         notes.begin() + count;
}

std::vector<Descriptor> allowed_configurations(const Target& target, const Descriptor& graph,
                                               TensorCores tensor_cores) {
  std::vector<Descriptor> configurations = proposals(target, graph, CUDNN_HEUR_MODE_A);
  for (Descriptor& last_resort : proposals(target, graph, CUDNN_HEUR_MODE_FALLBACK))
    configurations.push_back(std::move(last_resort));
  if (tensor_cores == TensorCores::never) std::erase_if(configurations, has_tensor_cores);
  return configurations;
}

PlanEngine engine_of(const Descriptor& configuration) {
  PlanEngine engine{.engine = Engine(configuration).index};
  std::vector<Descriptor> knobs;
  std::vector<cudnnBackendDescriptor_t> places;
  for (int i = 0; i < CUDNN_KNOB_TYPE_COUNTS; ++i) {
    knobs.emplace_back(CUDNN_BACKEND_KNOB_CHOICE_DESCRIPTOR);
    places.push_back(knobs.back().get());
  }
  int64_t count = 0;
  LANET_CUDNN_CHECK(cudnnBackendGetAttribute(
      configuration.get(), CUDNN_ATTR_ENGINECFG_KNOB_CHOICES, CUDNN_TYPE_BACKEND_DESCRIPTOR,
      static_cast<int64_t>(places.size()), &count, places.data()));
  for (int64_t i = 0; i < count; ++i) {
    cudnnBackendKnobType_t type{};
    int64_t one = 0;
    LANET_CUDNN_CHECK(cudnnBackendGetAttribute(places[i], CUDNN_ATTR_KNOB_CHOICE_KNOB_TYPE,
                                               CUDNN_TYPE_KNOB_TYPE, 1, &one, &type));
    engine.knobs[type] = knobs[i].get_integer(CUDNN_ATTR_KNOB_CHOICE_KNOB_VALUE);
  }
  return engine;
}

Descriptor configuration_of(const Target& target, const Descriptor& graph,
                            const PlanEngine& numbers) {
  Descriptor engine(CUDNN_BACKEND_ENGINE_DESCRIPTOR);
  engine.set(CUDNN_ATTR_ENGINE_OPERATION_GRAPH, graph);
  engine.set(CUDNN_ATTR_ENGINE_GLOBAL_INDEX, numbers.engine);
  if (target.device) engine.set(CUDNN_ATTR_ENGINE_DEVICEPROP, *target.device);
  engine.finalize();
  std::vector<Descriptor> knobs;
  for (const auto& [type, value] : numbers.knobs) {
    Descriptor& knob = knobs.emplace_back(CUDNN_BACKEND_KNOB_CHOICE_DESCRIPTOR);
    knob.set(CUDNN_ATTR_KNOB_CHOICE_KNOB_TYPE, static_cast<cudnnBackendKnobType_t>(type));
    knob.set(CUDNN_ATTR_KNOB_CHOICE_KNOB_VALUE, value);
    knob.finalize();
  }
  Descriptor configuration(CUDNN_BACKEND_ENGINECFG_DESCRIPTOR);
  configuration.set(CUDNN_ATTR_ENGINECFG_ENGINE, engine);
  if (!knobs.empty()) configuration.set(CUDNN_ATTR_ENGINECFG_KNOB_CHOICES, knobs);
  configuration.finalize();
  return configuration;
}

int64_t count_proposals(const Target& target, const Operations& operations) {
  const Descriptor graph = make_graph(target, operations.operations);
  return static_cast<int64_t>(proposals(target, graph, CUDNN_HEUR_MODE_A).size());
}

}  // namespace lanet::cudnn
