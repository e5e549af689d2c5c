// What LA-Net is compared with: the same ResNet, trained by other losses.
#pragma once

#include "models/model.h"

namespace lanet {

struct BaselineConfig {
  Backbone backbone;
  int64_t classes = 7;
  int64_t image_size;          ///< S, a multiple of 32, at least 64
  int64_t batch;               ///< B, of all ranks
  double label_smoothing = 0;  ///< share of a label that all classes get alike
  OptimiserConfig optimiser;
  Shard shard;
};

/// The usual smoothing of labels (Szegedy et al., 2016).
inline constexpr double kLabelSmoothing = 0.1;

/// Cross entropy alone.
class Baseline : public Model {
 public:
  Baseline(ParameterStore& store, const BaselineConfig& config);
};

/// Cross entropy and early-learning regularisation (Liu et al., 2020), with the numbers that its
/// authors give for CIFAR-10. The targets start at 0, and follow the predictions.
class EarlyLearning : public Baseline {
 public:
  static constexpr double kWeight = 3;
  static constexpr double kMomentum = 0.7;

  /// samples: of the training set.
  EarlyLearning(ParameterStore& store, const BaselineConfig& config, int64_t samples);

 protected:
  void after_optimiser(Context& context) override;

 private:
  Value* targets_;        // [samples, C]
  Value* batch_targets_;  // of all ranks
};

}  // namespace lanet
