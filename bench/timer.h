// Time of single runs on a context's device.
#pragma once

#include <functional>
#include <memory>

#include "core/context.h"

namespace lanet::bench {

/// On the CPU by the clock. On CUDA by events on the context's stream, each run from a cold L2
/// cache: before it a buffer several times as large is written, which also hides what the host
/// needs to start the run.
class Timer {
 public:
  explicit Timer(Context& context);
  ~Timer();

  double seconds(const std::function<void()>& run);

 private:
  struct Events;
  std::unique_ptr<Events> events_;  // null on the CPU
};

}  // namespace lanet::bench
