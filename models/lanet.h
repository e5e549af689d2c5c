// LA-Net: query and momentum network, projections, memory banks, label distributions, four losses
// (docs/design.md, "Networks", "Label distribution", "Losses").
#pragma once

#include "layers/label_distribution.h"
#include "models/landmark_resnet.h"
#include "models/model.h"

namespace lanet {

struct LossWeights {
  double expression, landmark, distribution, contrastive;
};

struct LaNetConfig {
  Backbone backbone;
  int64_t classes = 7;     ///< C
  int64_t landmarks = 19;  ///< L
  int64_t neighbours;      ///< K
  int64_t bank_rows;       ///< M, at least the batch
  int64_t image_size;      ///< S, a multiple of 32, at least 64
  int64_t batch;           ///< B, of all ranks, at least K + 2
  int64_t samples;         ///< of the training set: rows of the label-distribution bank
  double confidence;
  double temperature;
  double bank_momentum;
  LossWeights weights;
  OptimiserConfig optimiser;
  Shard shard;
};

/// s_ij of one space: its neighbours and the scores that the pair network gives them, for this
/// rank's rows (docs/design.md, "Label distribution"). `name` as `f_q.smooth.fer_score`; feature
/// [B, D] and h = fc_in(feature), of the whole batch.
Neighbourhood record_neighbourhood(Recorder& recorder, const std::string& name, Value* feature,
                                   Value* h, int64_t k);
/// h of the above, for any rows.
Value* record_pair_input(Recorder& recorder, const std::string& name, Value* feature);

/// Its state starts with random unit rows of labels that match nothing in the memory banks, and the
/// given labels, one-hot, in the label-distribution bank.
class LaNet : public Model {
 public:
  LaNet(ParameterStore& store, const LaNetConfig& config);

  Value* target_distribution() const override { return target_; }
  std::vector<double> label_estimates(Context& context,
                                      const std::vector<int32_t>& given) const override;
  double neighbour_entropy(Context& context) const override;

  /// Values inside the step, for inspection; keep() them on graph() before planning.
  struct Inspection {
    Value* heatmaps;
    Value *expression_neighbours, *landmark_neighbours;
    Value *expression_key, *landmark_key, *pseudo_labels;  // of the whole batch
    Value *label_bank, *expression_bank, *landmark_bank;
  };
  const Inspection& inspection() const { return inspection_; }

 protected:
  void after_optimiser(Context& context) override;

 private:
  /// What the label distributions and the contrastive loss need of every row of the batch.
  struct WholeBatch {
    Value *u, *v;      ///< features
    Value *h_u, *h_v;  ///< what the pair networks read
    Value* logits;
    Value *expression_key, *landmark_key;
  };
  /// From this rank's rows to those of all ranks.
  WholeBatch gather(const WholeBatch& own);
  Value* record_projection(Recorder& recorder, const std::string& name, Value* feature);

  LaNetConfig config_;
  Value* target_ = nullptr;
  Value* batch_targets_ = nullptr;     // of all ranks
  std::array<Value*, 2> scores_ = {};  // [R, K], of the neighbours in either space
  Inspection inspection_{};
  Value* label_bank_;                        // [samples, C]
  Value *expression_bank_, *landmark_bank_;  // [M, 64e]
  Value* bank_labels_;                       // i32 [M]
  Value* bank_pointer_;                      // i32 [1]
};

}  // namespace lanet
