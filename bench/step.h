// A training step of LA-Net on random pictures: what bench step and bench roofline look at.
#pragma once

#include "bench/commands.h"
#include "train/trainer.h"

namespace lanet::bench {

/// The configuration that a step of this size belongs to.
Config step_config(const StepSize& size);

/// A network with starting weights that trains on two batches of random pictures, over and over; on
/// several ranks (the context's communicator) each with its part of them.
class RandomTraining {
 public:
  /// Freezes the context. capture: on CUDA a step is one captured graph.
  RandomTraining(Context& context, const StepSize& size, bool capture);

  Trainer& trainer() { return trainer_; }
  /// The next step, from start to end, in seconds by the clock.
  double step();
  /// step() as many times, behind two that are not counted: libraries load, the graph is captured.
  std::vector<double> steps(int64_t count);

 private:
  Context& context_;
  Trainer trainer_;
};

}  // namespace lanet::bench
