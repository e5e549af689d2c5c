// Which engine of cuDNN is the fastest for a graph, found out by running them.
#pragma once

#include <functional>

#include "core/cuda/cudnn_graph.h"

namespace lanet::cudnn {

/// Runs race() (core/engine_race.h) over the engines that the library proposes for the graph and
/// the rules allow. Each engine is planned only when its turn comes. time: as in race(), for a
/// candidate.
void race_engines(
    const Target& target, const Operations& operations, TensorCores tensor_cores, bool compiled,
    const std::function<std::optional<double>(const Candidate& candidate, double least)>& time,
    const std::function<bool()>& out_of_time, std::vector<PlanEngine>& timed);

/// A tensor that a graph reads or writes: f32 or bf16.
struct Operand {
  int64_t id;
  int64_t elements;
  DType dtype;
};

/// Times candidates for one graph on the stream of a handle.
///
/// Operands hold random numbers: zeros take less power, and clocks follow power. Each run uses
/// a different copy of the operands. There are enough copies that twice the size of the L2 cache is
/// touched before a copy is used again: in a step, too, hundreds of megabytes lie between two uses
/// of a tensor. (What the operation just before has written may still be in the cache there. It is
/// not here, so small convolutions are judged a little colder than they run.)
class EngineTimer {
 public:
  /// Allocates; if there is not enough memory, no candidate is timed.
  EngineTimer(cudnnHandle_t handle, const std::vector<Operand>& operands);
  ~EngineTimer();
  EngineTimer(const EngineTimer&) = delete;
  EngineTimer& operator=(const EngineTimer&) = delete;

  bool has_memory() const;

  /// Milliseconds of a run: the mean of ten between two events, after others that are not counted.
  /// An engine that is far slower than `least` is run once in their place. Nothing if the engine
  /// fails or there is no memory for it.
  std::optional<double> operator()(const Candidate& candidate, double least);

 private:
  class Memory;
  class Event;
  double milliseconds(const Candidate& candidate, int runs);
  std::vector<void*> next_copy();

  cudnnHandle_t handle_;
  cudaStream_t stream_ = nullptr;
  std::vector<int64_t> ids_;
  std::vector<size_t> offsets_;  // of the operands in a copy
  size_t copy_bytes_ = 0, copies_ = 0, next_ = 0;
  std::unique_ptr<Memory> memory_, workspace_;
};

}  // namespace lanet::cudnn
