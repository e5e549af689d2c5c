#include "core/cuda/cudnn_tuning.h"

#include <cuda_runtime.h>

#include <algorithm>

#include "core/cuda/check.h"
#include "core/cuda/devices.h"
#include "core/engine_race.h"
#include "core/rng.h"
#include "core/round_up.h"

namespace lanet::cudnn {

namespace {

constexpr int kRuns = 10;
/// How many times as long as the fastest an engine may take to be run as often.
constexpr double kFarSlower = 3;

/// Random numbers in [-1, 1). Their count is prime, so their period does not line up with the rows
/// of a tensor.
const std::vector<float>& random_numbers() {
  static const std::vector<float> numbers = [] {
    RandomStream stream(1, Purpose::benchmark);
    std::vector<float> drawn(65521);
    for (float& number : drawn) number = stream.uniform(-1, 1);
    return drawn;
  }();
  return numbers;
}

template <typename T>
std::vector<std::byte> random_bytes() {
  const std::vector<T> numbers(random_numbers().begin(), random_numbers().end());
  const auto* bytes = reinterpret_cast<const std::byte*>(numbers.data());
  return {bytes, bytes + numbers.size() * sizeof(T)};
}

void fill_randomly(std::byte* data, size_t bytes, DType dtype) {
  const std::vector<std::byte> numbers =
      dtype == DType::bf16 ? random_bytes<bfloat16>() : random_bytes<float>();
  size_t filled = std::min(bytes, numbers.size());
  LANET_CUDA_CHECK(cudaMemcpy(data, numbers.data(), filled, cudaMemcpyHostToDevice));
  for (size_t part = 0; filled < bytes; filled += part) {  // twice as much each time
    part = std::min(filled, bytes - filled);
    LANET_CUDA_CHECK(cudaMemcpy(data + filled, data, part, cudaMemcpyDeviceToDevice));
  }
}

}  // namespace

void race_engines(
    const Target& target, const Operations& operations, TensorCores tensor_cores, bool compiled,
    const std::function<std::optional<double>(const Candidate& candidate, double least)>& time,
    const std::function<bool()>& out_of_time, std::vector<PlanEngine>& timed) {
  const Descriptor graph = make_graph(target, operations.operations);
  std::vector<Descriptor> configurations = allowed_configurations(target, graph, tensor_cores);
  // As where nothing is timed: these first, in case time runs out.
  std::stable_partition(configurations.begin(), configurations.end(), has_tensor_cores);
  std::vector<Proposal> proposals;
  for (const Descriptor& configuration : configurations)
    proposals.push_back({engine_of(configuration), is_compiled(configuration)});
  std::string reason;
  race(
      proposals, compiled,
      [&](size_t place, double least) -> std::optional<double> {
        auto candidate = candidate_of(target, std::move(configurations[place]), reason);
        return candidate ? time(*candidate, least) : std::nullopt;
      },
      out_of_time, timed);
}

/// Device memory; data() is null if there is not enough.
class EngineTimer::Memory {
 public:
  explicit Memory(size_t bytes) : bytes_(bytes) {
    if (bytes == 0 || cudaMalloc(&data_, bytes) == cudaSuccess) return;
    (void)cudaGetLastError();  // or a later check would report it
    data_ = nullptr;
    bytes_ = 0;
  }
  Memory(const Memory&) = delete;
  ~Memory() {
    if (data_) LANET_CUDA_LOG(cudaFree(data_));
  }
  std::byte* data() const { return static_cast<std::byte*>(data_); }
  size_t bytes() const { return bytes_; }

 private:
  void* data_ = nullptr;
  size_t bytes_;
};

class EngineTimer::Event {
 public:
  Event() { LANET_CUDA_CHECK(cudaEventCreate(&event_)); }
  Event(const Event&) = delete;
  ~Event() { LANET_CUDA_LOG(cudaEventDestroy(event_)); }
  operator cudaEvent_t() const { return event_; }

 private:
  cudaEvent_t event_ = nullptr;
};

EngineTimer::EngineTimer(cudnnHandle_t handle, const std::vector<Operand>& operands)
    : handle_(handle), workspace_(std::make_unique<Memory>(0)) {
  LANET_CUDNN_CHECK(cudnnGetStream(handle, &stream_));
  for (const Operand& operand : operands) {
    ids_.push_back(operand.id);
    offsets_.push_back(copy_bytes_);
    copy_bytes_ += round_up(operand.elements * size_of(operand.dtype), 256);
  }
  copies_ = 1 + (2 * cuda::l2_cache_bytes() + copy_bytes_ - 1) / copy_bytes_;
  memory_ = std::make_unique<Memory>(copies_ * copy_bytes_);
  if (!memory_->data()) return;
  for (size_t i = 0; i < operands.size(); ++i)
    fill_randomly(memory_->data() + offsets_[i], operands[i].elements * size_of(operands[i].dtype),
                  operands[i].dtype);
  for (size_t copy = 1; copy < copies_; ++copy)
    LANET_CUDA_CHECK(cudaMemcpy(memory_->data() + copy * copy_bytes_, memory_->data(), copy_bytes_,
                                cudaMemcpyDeviceToDevice));
  LANET_CUDA_CHECK(cudaDeviceSynchronize());
}

EngineTimer::~EngineTimer() = default;

bool EngineTimer::has_memory() const {
  return memory_->data() != nullptr;
}

std::vector<void*> EngineTimer::next_copy() {
  std::vector<void*> pointers;
  for (const size_t offset : offsets_)
    pointers.push_back(memory_->data() + next_ * copy_bytes_ + offset);
  next_ = (next_ + 1) % copies_;
  return pointers;
}

/// The mean time of `runs` runs, after one that is not counted.
double EngineTimer::milliseconds(const Candidate& candidate, int runs) {
  std::vector<Descriptor> packs;  // made before, so that the host keeps ahead of the device
  for (int i = 0; i <= runs; ++i)
    packs.push_back(variant_pack(ids_, next_copy(), workspace_->data()));
  const Event before, after;
  for (int i = 0; i <= runs; ++i) {
    if (i == 1) LANET_CUDA_CHECK(cudaEventRecord(before, stream_));
    LANET_CUDNN_CHECK(cudnnBackendExecute(handle_, candidate.plan.get(), packs[i].get()));
  }
  LANET_CUDA_CHECK(cudaEventRecord(after, stream_));
  LANET_CUDA_CHECK(cudaEventSynchronize(after));
  float elapsed = 0;
  LANET_CUDA_CHECK(cudaEventElapsedTime(&elapsed, before, after));
  return static_cast<double>(elapsed) / runs;
}

std::optional<double> EngineTimer::operator()(const Candidate& candidate, double least) {
  if (!has_memory()) return std::nullopt;
  if (candidate.workspace_bytes > workspace_->bytes()) {
    workspace_ = nullptr;  // freed first
    workspace_ = std::make_unique<Memory>(candidate.workspace_bytes);
    if (!workspace_->data()) return std::nullopt;
  }
  try {
    const double once = milliseconds(candidate, 1);  // libraries have loaded their code by then
    return once > kFarSlower * least ? once : milliseconds(candidate, kRuns);
  } catch (const Error&) {
    (void)cudaGetLastError();
    return std::nullopt;
  }
}

}  // namespace lanet::cudnn
