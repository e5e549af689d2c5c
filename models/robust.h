// The robust recipe: a plain ResNet whose loss contains the channel that made the given labels and
// what the landmarks say of the true ones (docs/design.md, "One likelihood").
#pragma once

#include "models/model.h"

namespace lanet {

struct RobustConfig {
  Backbone backbone;
  int64_t classes = 7;  ///< C
  int64_t image_size;   ///< S
  int64_t batch;        ///< B, of all ranks
  int64_t samples;      ///< of the training set: rows of the tables
  double opinion_momentum;
  OptimiserConfig optimiser;
  Shard shard;
};

/// Its state starts from LabelKnowledge, and from the prior as the opinion on every sample.
class Robust : public Model {
 public:
  Robust(ParameterStore& store, const RobustConfig& config);

  Value* target_distribution() const override { return target_; }
  std::vector<double> label_estimates(Context& context,
                                      const std::vector<int32_t>& given) const override;

 protected:
  void after_optimiser(Context& context) override;

 private:
  RobustConfig config_;
  Value* target_ = nullptr;
  Value* opinions_written_ = nullptr;  // of all ranks
  Value* channel_;                     // [C, C]
  Value* log_ratio_;                   // [samples, C]
  Value* opinions_;                    // [samples, C]
};

}  // namespace lanet
