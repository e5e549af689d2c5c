#include "models/robust.h"

#include <cmath>
#include <numeric>

#include "core/parameter_io.h"
#include "kernels/label_bank.h"
#include "layers/gather.h"
#include "layers/label_posterior.h"
#include "layers/losses.h"

namespace lanet {

Robust::Robust(ParameterStore& store, const RobustConfig& config)
    : Model(store, config.optimiser, config.shard), config_(config) {
  const int64_t rows = config.shard.rows(config.batch);
  Recorder recorder(graph_, store);
  const DType head = recorder.head_dtype();
  inputs_.images = record_images(graph_, store, rows, config.image_size);
  inputs_.labels = graph_.input("labels", {rows}, DType::i32);
  inputs_.sample_indices = graph_.input("sample_indices", {rows}, DType::i32);
  inputs_.batch_samples = config.shard.ranks > 1
                              ? graph_.input("batch_samples", {config.batch}, DType::i32)
                              : inputs_.sample_indices;
  const auto table = [&](const std::string& name, int64_t table_rows, Tensor Robust::*tensor) {
    return graph_.external(name, {table_rows, config.classes}, head, /*has_grad=*/false,
                           [this, tensor](Value& value) { value.data = this->*tensor; });
  };
  const LabelEvidence evidence{.channel = table("channel", config.classes, &Robust::channel_),
                               .log_prior = table("log_ratio", config.samples, &Robust::log_ratio_),
                               .opinions = table("opinions", config.samples, &Robust::opinions_),
                               .momentum = config.opinion_momentum};

  Value* shared = record_shared(recorder, inputs_.images, config.backbone);
  logits_ = record_expression(recorder, shared, config.backbone, config.classes).logits;
  const auto* posterior = graph_.add<LabelPosterior>("posterior", logits_, inputs_.labels,
                                                     inputs_.sample_indices, evidence);
  target_ = posterior->target();
  opinions_written_ = posterior->opinion();
  if (config.shard.ranks > 1) {
    const std::vector<Value*> constants{opinions_written_};
    opinions_written_ =
        graph_.add<Gather>("gather.opinions", std::vector<Value*>{}, constants)->global(0);
  }
  losses_ = {{"expression",
              1.0,
              {recorder.add<DistributionLoss>("loss.expression", target_, logits_, 1.0)}}};
  // The trainer reads these; opinions enter their table after the optimiser.
  for (Value* value : {logits_, target_, opinions_written_}) graph_.keep(value);
}

void Robust::plan_state(Context& context) {
  const DType head = store_.master_dtype();
  state_memory_ =
      allocate_tensors(context, {{&channel_, {config_.classes, config_.classes}, head},
                                 {&log_ratio_, {config_.samples, config_.classes}, head},
                                 {&opinions_, {config_.samples, config_.classes}, head}});
}

void Robust::initialise_state(Context& context, const LabelKnowledge& knowledge) {
  LANET_REQUIRE(std::ssize(knowledge.log_ratio) == config_.samples * config_.classes,
                "knowledge of {} numbers about {} samples", knowledge.log_ratio.size(),
                config_.samples);
  write_tensor(context, channel_, knowledge.channel);
  write_tensor(context, log_ratio_, knowledge.log_ratio);
  std::vector<double> opinions;
  for (int64_t i = 0; i < config_.samples; ++i)
    opinions.insert(opinions.end(), knowledge.prior.begin(), knowledge.prior.end());
  write_tensor(context, opinions_, opinions);
}

std::vector<double> Robust::label_estimates(Context& context,
                                            const std::vector<int32_t>& given) const {
  Context host;
  Buffer memory;
  Tensor logits, labels, samples, channel, log_ratio, target;
  const Shape rows{config_.samples, config_.classes};
  memory = allocate_tensors(host, {{&logits, rows, DType::f64},
                                   {&labels, {config_.samples}, DType::i32},
                                   {&samples, {config_.samples}, DType::i32},
                                   {&channel, channel_.shape, DType::f64},
                                   {&log_ratio, rows, DType::f64},
                                   {&target, rows, DType::f64}});
  std::vector<double> opinions = read_tensor(context, opinions_);
  for (double& opinion : opinions) opinion = std::log(std::max(opinion, kSmallestOpinion<double>));
  write_tensor(host, logits, opinions);
  write_tensor(host, channel, read_tensor(context, channel_));
  write_tensor(host, log_ratio, read_tensor(context, log_ratio_));
  upload(host, labels, given);
  std::vector<int32_t> all(config_.samples);
  std::iota(all.begin(), all.end(), 0);
  upload(host, samples, all);
  label_posterior(host, {.logits = logits,
                         .labels = labels,
                         .sample_indices = samples,
                         .channel = channel,
                         .log_prior = log_ratio,
                         .target = target});
  return read_tensor(host, target);
}

std::vector<NamedState> Robust::state() const {
  return {{"channel", channel_}, {"log_ratio", log_ratio_}, {"opinions", opinions_}};
}

void Robust::after_optimiser(Context& context) {
  label_bank_store(context, {.target = opinions_written_->data,
                             .sample_indices = inputs_.batch_samples->data,
                             .bank = opinions_});
}

}  // namespace lanet
