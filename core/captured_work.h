// Repeated work of a context: on CUDA captured once and replayed.
#pragma once

#include <functional>
#include <memory>

#include "core/context.h"

namespace lanet {

/// On CUDA the first run does the work itself, so that libraries load what they need; the second
/// captures it as one graph, and from then on that is launched: one launch instead of hundreds,
/// with the same bits. The work must therefore be the same each time: no kernel argument may
/// change, nothing may be allocated, and the host must not wait (CUDA programming guide, CUDA
/// graphs). On the CPU, or without `capture`, the work itself is done each time.
class CapturedWork {
 public:
  explicit CapturedWork(bool capture) : capture_(capture) {}

  void run(Context& context, const std::function<void()>& work);
  /// True once the graph is replayed.
  bool captured() const { return static_cast<bool>(graph_); }

 private:
  bool capture_;
  bool warm_ = false;
  std::shared_ptr<void> graph_;  // cudaGraphExec_t
};

}  // namespace lanet
