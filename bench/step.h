// A training step of LA-Net on random pictures: what bench step and bench roofline look at.
#pragma once

#include "bench/commands/commands.h"
#include "bench/timer.h"
#include "train/trainer.h"

namespace lanet::bench {

/// The configuration that a step of this size belongs to.
Config step_config(const StepSize& size);

/// In seconds.
struct StepTimes {
  Spread each;      ///< of single steps
  double most = 0;  ///< of a single step
  double mean = 0;  ///< from the first step's start to the last one's end, by their number
  /// What a step takes. On the CPU it is the median of the steps. On CUDA it is the mean: there the
  /// host runs ahead, and one step's time includes work that another left queued.
  double usual = 0;
};
/// {"median": …, "p10": …, "p90": …, "min": …, "max": …, "mean": …}
nlohmann::ordered_json milliseconds(const StepTimes& times);

/// A network with starting weights that trains on two batches of random pictures, over and over; on
/// several ranks (the context's communicator) each with its part of them.
class RandomTraining {
 public:
  /// Freezes the context. capture: on CUDA a step is one captured graph.
  RandomTraining(Context& context, const StepSize& size, bool capture);

  Trainer& trainer() { return trainer_; }
  void step() { trainer_.step(); }
  /// So many steps, timed, after two that are not: libraries load, the graph is captured.
  StepTimes steps(int64_t count);

 private:
  Context& context_;
  Trainer trainer_;
};

}  // namespace lanet::bench
