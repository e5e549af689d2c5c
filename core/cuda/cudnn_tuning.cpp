// Engines of cuDNN by their numbers, and how long they take.
#include <cuda_runtime.h>

#include <algorithm>
#include <array>

#include "core/cuda/check.h"
#include "core/cuda/cudnn_graph.h"

namespace lanet::cudnn {

namespace {

/// Memory that is there while an engine is timed; null if there is none.
class ScratchMemory {
 public:
  explicit ScratchMemory(size_t bytes) {
    if (bytes == 0) return;
    if (cudaMalloc(&data_, bytes) != cudaSuccess) {
      (void)cudaGetLastError();  // or a later check would report it
      data_ = nullptr;
      return;
    }
    LANET_CUDA_LOG(cudaMemset(data_, 0x3C, bytes));  // 0.0115 in float32 and in bf16
  }
  ScratchMemory(ScratchMemory&& other) noexcept : data_(std::exchange(other.data_, nullptr)) {}
  ~ScratchMemory() {
    if (data_) LANET_CUDA_LOG(cudaFree(data_));
  }
  void* data() const { return data_; }

 private:
  void* data_ = nullptr;
};

class Event {
 public:
  Event() { LANET_CUDA_CHECK(cudaEventCreate(&event_)); }
  Event(const Event&) = delete;
  ~Event() { LANET_CUDA_LOG(cudaEventDestroy(event_)); }
  operator cudaEvent_t() const { return event_; }

 private:
  cudaEvent_t event_ = nullptr;
};

constexpr int kWarmUps = 2;
constexpr int kTimings = 5;

}  // namespace

void run_plan(cudnnHandle_t handle, const Descriptor& plan, const std::vector<int64_t>& ids,
              const std::vector<void*>& pointers, void* workspace) {
  Descriptor pack(CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR);
  pack.set(CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, ids);
  pack.set(CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, pointers);
  pack.set_pointer(CUDNN_ATTR_VARIANT_PACK_WORKSPACE, workspace);
  pack.finalize();
  LANET_CUDNN_CHECK(cudnnBackendExecute(handle, plan.get(), pack.get()));
}

PlanChoice choice_of(const Candidate& candidate) {
  PlanChoice choice{.engine = candidate.engine, .knobs = {}, .milliseconds = 0};
  std::vector<Descriptor> knobs;
  std::vector<cudnnBackendDescriptor_t> places;
  for (int i = 0; i < CUDNN_KNOB_TYPE_COUNTS; ++i) {
    knobs.emplace_back(CUDNN_BACKEND_KNOB_CHOICE_DESCRIPTOR);
    places.push_back(knobs.back().get());
  }
  int64_t count = 0;
  LANET_CUDNN_CHECK(cudnnBackendGetAttribute(
      candidate.configuration.get(), CUDNN_ATTR_ENGINECFG_KNOB_CHOICES,
      CUDNN_TYPE_BACKEND_DESCRIPTOR, static_cast<int64_t>(places.size()), &count, places.data()));
  for (int64_t i = 0; i < count; ++i) {
    cudnnBackendKnobType_t type{};
    int64_t one = 0;
    LANET_CUDNN_CHECK(cudnnBackendGetAttribute(places[i], CUDNN_ATTR_KNOB_CHOICE_KNOB_TYPE,
                                               CUDNN_TYPE_KNOB_TYPE, 1, &one, &type));
    choice.knobs[type] = knobs[i].get_integer(CUDNN_ATTR_KNOB_CHOICE_KNOB_VALUE);
  }
  return choice;
}

Descriptor configuration_of(const Target& target, const Descriptor& graph,
                            const PlanChoice& choice) {
  Descriptor engine(CUDNN_BACKEND_ENGINE_DESCRIPTOR);
  engine.set(CUDNN_ATTR_ENGINE_OPERATION_GRAPH, graph);
  engine.set(CUDNN_ATTR_ENGINE_GLOBAL_INDEX, choice.engine);
  if (target.device) engine.set(CUDNN_ATTR_ENGINE_DEVICEPROP, *target.device);
  engine.finalize();
  std::vector<Descriptor> knobs;
  for (const auto& [type, value] : choice.knobs) {
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

std::optional<double> milliseconds_of(cudnnHandle_t handle, const Candidate& candidate,
                                      const std::vector<Operand>& operands) {
  std::vector<ScratchMemory> memory;
  std::vector<int64_t> ids;
  std::vector<void*> pointers;
  for (const Operand& operand : operands) {
    memory.emplace_back(operand.bytes);
    ids.push_back(operand.id);
    pointers.push_back(memory.back().data());
    if (!pointers.back()) return std::nullopt;
  }
  const ScratchMemory workspace(candidate.workspace_bytes);
  if (candidate.workspace_bytes > 0 && !workspace.data()) return std::nullopt;
  cudaStream_t stream = nullptr;
  LANET_CUDNN_CHECK(cudnnGetStream(handle, &stream));
  LANET_CUDA_CHECK(cudaDeviceSynchronize());  // the memory is filled
  const Event before, after;
  std::array<float, kTimings> milliseconds;
  try {
    const auto run = [&] { run_plan(handle, candidate.plan, ids, pointers, workspace.data()); };
    for (int i = 0; i < kWarmUps; ++i) run();
    for (float& one : milliseconds) {
      LANET_CUDA_CHECK(cudaEventRecord(before, stream));
      run();
      LANET_CUDA_CHECK(cudaEventRecord(after, stream));
      LANET_CUDA_CHECK(cudaEventSynchronize(after));
      LANET_CUDA_CHECK(cudaEventElapsedTime(&one, before, after));
    }
  } catch (const Error&) {
    (void)cudaGetLastError();
    return std::nullopt;
  }
  std::sort(milliseconds.begin(), milliseconds.end());
  return milliseconds[kTimings / 2];
}

}  // namespace lanet::cudnn
