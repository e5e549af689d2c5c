// Data-parallel scaling on paper: a step of one rank of many, from its operations' floors and its
// collectives' times.
#pragma once

#include "bench/commands/commands.h"
#include "bench/link.h"
#include "train/step_cost.h"

namespace lanet::bench {

/// What one rank sends in a step.
struct CollectiveCount {
  int collectives = 0, buckets = 0;  ///< those that block the step; those that overlap with it
  double collective_bytes = 0,
         bucket_bytes = 0;  ///< of the whole: all ranks' rows, or what is reduced
};
CollectiveCount count_collectives(const std::vector<CountedOperation>& operations);
nlohmann::ordered_json to_json(const CollectiveCount& count);

/// Where a rank's time goes in a step, in seconds.
struct StepTime {
  double compute = 0;
  double statistics = 0;  ///< collectives of batch norms
  double exchange = 0;    ///< the other collectives that block: gathered rows, scattered gradients
  double buckets = 0;     ///< what the optimiser waits for gradient buckets

  double seconds() const { return compute + statistics + exchange + buckets; }
};

/// The time of these operations of one rank, in their order. Each takes `slowdown` times its floor.
/// A collective blocks the step. A bucket begins when the step has come to it and the bucket before
/// is done, and goes on beside the step; the optimiser waits for the last.
StepTime predict_step(const std::vector<CountedOperation>& operations, int ranks, const Link& link,
                      const Ceilings& ceilings, double slowdown);

/// What the ranks run on.
struct Cluster {
  Ceilings ceilings;    ///< of each rank's device
  double slowdown = 1;  ///< a step of one rank to its floor
  Link within, between;
  int ranks_per_node = 8;

  /// Of a collective among so many ranks: one that spans machines has the worse figures of both.
  Link link_for(int ranks) const;
};

struct ScalingPoint {
  int ranks = 1;
  int64_t batch = 0;  ///< of all ranks
  CollectiveCount count;
  StepTime time;

  double images_per_second() const { return static_cast<double>(batch) / time.seconds(); }
};
/// Images a second of each rank, to those of one alone.
double efficiency(const ScalingPoint& point, const ScalingPoint& one);

/// A step with `batch` images in all on so many ranks of the device.
ScalingPoint predict(const StepSize& size, int64_t batch, int ranks, Device device,
                     const Cluster& cluster);

enum class Scaling {
  weak,   ///< size.batch is each rank's
  strong  ///< size.batch is of all ranks: as far as they divide it
};
/// On 1, 2, 4, … kMostRanks ranks.
inline constexpr int kMostRanks = 1024;
std::vector<ScalingPoint> predict_scaling(Scaling scaling, const StepSize& size, Device device,
                                          const Cluster& cluster);

}  // namespace lanet::bench
