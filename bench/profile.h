// Where the time of training steps goes, operation by operation.
#pragma once

#include "bench/cost_table.h"
#include "bench/step.h"

namespace lanet::bench {

/// Of several steps. The operations are those of one; each step has the same.
struct StepProfile {
  std::vector<TimedOperation> operations;  ///< in their order, with the mean of their times
  double step_seconds = 0;                 ///< mean, on the device, first to last moment
  /// Begin and end of each operation in the last step, in seconds from its start, and its length.
  std::vector<std::pair<double, double>> last;
  double last_seconds = 0;
};

/// What a step took outside its operations: the host's part, and waiting for it.
double seconds_outside(const StepProfile& profile);

/// Runs `count` steps, without a captured graph, and looks at the clock (on CUDA: records an event)
/// before and after each operation. On CUDA an operation for which the device has to wait begins
/// when the host starts it, so gaps between operations are what the host takes.
StepProfile profile_steps(Context& context, RandomTraining& training, int64_t count);

/// The last step as a trace for Perfetto or chrome://tracing: the step, and in it the operations,
/// with node, bytes, floating-point operations and least time in microseconds.
nlohmann::ordered_json trace_of(const StepProfile& profile, const Ceilings& ceilings,
                                const std::string& device);

}  // namespace lanet::bench
