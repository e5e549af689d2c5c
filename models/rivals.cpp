#include "models/rivals.h"

#include "kernels/label_bank.h"
#include "layers/early_learning.h"
#include "layers/gather.h"

namespace lanet {

Baseline::Baseline(ParameterStore& store, const BaselineConfig& config)
    : Model(store, config.optimiser, config.shard) {
  const int64_t rows = config.shard.rows(config.batch);
  inputs_.images = record_images(graph_, store, rows, config.image_size);
  inputs_.labels = graph_.input("labels", {rows}, DType::i32);
  inputs_.sample_indices = graph_.input("sample_indices", {rows}, DType::i32);
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
    : Baseline(store, config), shape_{samples, config.classes} {
  Value* targets =
      graph_.external("early_targets", shape_, store.master_dtype(),
                      /*has_grad=*/false, [this](Value& value) { value.data = targets_; });
  auto* loss = graph_.add<EarlyLearningLoss>("loss.early_learning", logits_, inputs_.sample_indices,
                                             targets, kMomentum, kWeight);
  losses_.push_back({"early_learning", kWeight, {loss->output()}});
  // Every rank keeps all targets.
  inputs_.batch_samples = inputs_.sample_indices;
  batch_targets_ = loss->target();
  if (config.shard.ranks > 1) {
    inputs_.batch_samples = graph_.input("batch_samples", {config.batch}, DType::i32);
    const std::vector<Value*> constants{loss->target()};
    batch_targets_ =
        graph_.add<Gather>("gather.targets", std::vector<Value*>{}, constants)->global(0);
  }
  graph_.keep(batch_targets_);
}

void EarlyLearning::plan_state(Context& context) {
  memory_ = allocate_tensors(context, {{&targets_, shape_, store_.master_dtype()}});
  context.fill_zero(targets_);
}

void EarlyLearning::after_optimiser(Context& context) {
  label_bank_store(context, {.target = batch_targets_->data,
                             .sample_indices = inputs_.batch_samples->data,
                             .bank = targets_});
}

}  // namespace lanet
