// The robust recipe: a plain ResNet whose loss contains the channel that made the given labels and
// what the landmarks say of the true ones (docs/design.md, "One likelihood").
#pragma once

#include "models/model.h"

namespace lanet {

struct RobustConfig {
  Backbone backbone = Backbone::resnet18;
  int64_t classes = 7;       ///< C
  int64_t image_size = 224;  ///< S
  int64_t batch = 128;       ///< B, of all ranks
  int64_t samples = 0;       ///< of the training set: rows of the tables
  double opinion_momentum = 0.9;
  OptimiserConfig optimiser;
  Shard shard;
};

/// What is known of the training labels before any picture is looked at.
struct LabelKnowledge {
  std::vector<double> channel;    ///< [C, C], P(given | true), a row for each true class
  std::vector<double> prior;      ///< [C], of the true classes
  std::vector<double> log_ratio;  ///< [samples, C], log p(y | landmarks)/p(y); 0: nothing known
};

class Robust : public Model {
 public:
  Robust(ParameterStore& store, const RobustConfig& config);

  /// The starting state: the tables of `knowledge`, and the prior as the opinion on every sample.
  /// After plan().
  void initialise_state(Context& context, const LabelKnowledge& knowledge);

  Value* target_distribution() const override { return target_; }
  std::vector<double> label_estimates(Context& context,
                                      const std::vector<int32_t>& given) const override;
  std::vector<NamedState> state() const override;

 protected:
  void plan_state(Context& context) override;
  void after_optimiser(Context& context) override;

 private:
  RobustConfig config_;
  Value* target_ = nullptr;
  Value* opinions_written_ = nullptr;  // of all ranks
  Buffer state_memory_;
  Tensor channel_;    // [C, C]
  Tensor log_ratio_;  // [samples, C]
  Tensor opinions_;   // [samples, C]
};

}  // namespace lanet
