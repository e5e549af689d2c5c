// The prediction of bench/scaling.h beside what ranks on this machine's CPU take.
#pragma once

#include "bench/scaling.h"

namespace lanet::bench {

struct CheckedStep {
  Scaling scaling;
  int ranks;
  int64_t batch;               ///< of all ranks
  double measured, predicted;  ///< seconds

  double error() const { return predicted / measured - 1; }
};

struct ScalingCheck {
  int threads, cores;
  Link link;        ///< between two ranks
  CheckedStep one;  ///< of one rank: what the predictions start from
  std::vector<CheckedStep> several;
  /// Images a second of two ranks, to those of one with as many threads as both.
  double processes_to_threads;
};

/// Runs `bench step` on one rank, two, and each number of options.measure, by mpirun. Ranks are
/// predicted to share the machine's ceilings, as measured with as many threads as they have, or as
/// it has cores. Throws InputError before anything runs, or Error, where a run has failed and said
/// why.
ScalingCheck check_scaling(const ScalingOptions& options);

nlohmann::ordered_json to_json(const ScalingCheck& check);
void print_check(const ScalingCheck& check);

}  // namespace lanet::bench
