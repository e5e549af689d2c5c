#include "models/rivals.h"

#include "kernels/label_bank.h"
#include "layers/early_learning.h"

namespace lanet {

Baseline::Baseline(ParameterStore& store, const BaselineConfig& config)
    : Model(store, config.optimiser, config.shard) {
  record_inputs(config.image_size, config.batch);
  Recorder query(graph_, store);
  Value* shared = record_shared(query, inputs_.images, config.backbone);
  logits_ = record_expression(query, shared, config.backbone, config.classes).logits;
  graph_.keep(logits_);
  losses_ = {{"expression",
              1.0,
              {query.add<CrossEntropyLoss>("loss.expression", logits_, inputs_.labels, 1.0,
                                           config.label_smoothing)}}};
}

EarlyLearning::EarlyLearning(ParameterStore& store, const BaselineConfig& config, int64_t samples)
    : Baseline(store, config) {
  targets_ = record_bank(
      "early_targets", {samples, config.classes}, store.master_dtype(),
      [](Context& context, const Tensor& bank, const StartingPoint&) { context.fill_zero(bank); });
  auto* loss = graph_.add<EarlyLearningLoss>("loss.early_learning", logits_, inputs_.sample_indices,
                                             targets_, kMomentum, kWeight);
  losses_.push_back({"early_learning", kWeight, {loss->output()}});
  // Every rank keeps all targets.
  record_batch_samples(config.batch);
  batch_targets_ = record_whole_batch("gather.targets", loss->target());
  graph_.keep(batch_targets_);
}

void EarlyLearning::after_optimiser(Context& context) {
  label_bank_store(context, {.target = batch_targets_->data,
                             .sample_indices = inputs_.batch_samples->data,
                             .bank = targets_->data});
}

}  // namespace lanet
