// Work of a context that is done again and again: on CUDA captured once and replayed.
#pragma once

#include <functional>
#include <memory>

#include "core/context.h"

namespace lanet {

/// On CUDA the first run does the work as it is (libraries load what they need), the second
/// captures it as one graph, which from then on is launched: one launch in place of some hundreds.
/// The bits are the same. So the work must be the same each time: no kernel argument may change,
/// nothing may be allocated, the host must not wait (docs: CUDA programming guide, CUDA graphs). On
/// the CPU, or without `capture`, the work is done each time.
class CapturedWork {
 public:
  explicit CapturedWork(bool capture) : capture_(capture) {}

  void run(Context& context, const std::function<void()>& work);
  /// True once the graph is what runs.
  bool captured() const { return static_cast<bool>(graph_); }

 private:
  bool capture_;
  bool warm_ = false;
  std::shared_ptr<void> graph_;  // cudaGraphExec_t
};

}  // namespace lanet
