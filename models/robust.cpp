#include "models/robust.h"

#include <cmath>
#include <numeric>

#include "core/parameter_io.h"
#include "kernels/label_bank.h"
#include "layers/label_posterior.h"
#include "layers/losses.h"

namespace lanet {

Robust::Robust(ParameterStore& store, const RobustConfig& config)
    : Model(store, config.optimiser, config.shard), config_(config) {
  Recorder recorder(graph_, store);
  const DType head = recorder.head_dtype();
  const int64_t classes = config.classes, samples = config.samples;
  record_inputs(config.image_size, config.batch);
  record_batch_samples(config.batch);
  channel_ = record_bank("channel", {classes, classes}, head,
                         [](Context& context, const Tensor& bank, const StartingPoint& start) {
                           write_tensor(context, bank, start.knowledge.channel);
                         });
  log_ratio_ =
      record_bank("log_ratio", {samples, classes}, head,
                  [=](Context& context, const Tensor& bank, const StartingPoint& start) {
                    LANET_REQUIRE(std::ssize(start.knowledge.log_ratio) == samples * classes,
                                  "knowledge of {} numbers about {} samples",
                                  start.knowledge.log_ratio.size(), samples);
                    write_tensor(context, bank, start.knowledge.log_ratio);
                  });
  opinions_ = record_bank("opinions", {samples, classes}, head,
                          [=](Context& context, const Tensor& bank, const StartingPoint& start) {
                            const std::vector<double>& prior = start.knowledge.prior;
                            std::vector<double> opinions;
                            for (int64_t i = 0; i < samples; ++i)
                              opinions.insert(opinions.end(), prior.begin(), prior.end());
                            write_tensor(context, bank, opinions);
                          });
  const LabelEvidence evidence{.channel = channel_,
                               .log_ratio = log_ratio_,
                               .opinions = opinions_,
                               .momentum = config.opinion_momentum};

  Value* shared = record_shared(recorder, inputs_.images, config.backbone);
  logits_ = record_expression(recorder, shared, config.backbone, config.classes).logits;
  const auto* posterior = graph_.add<LabelPosterior>("posterior", logits_, inputs_.labels,
                                                     inputs_.sample_indices, evidence);
  target_ = posterior->target();
  opinions_written_ = record_whole_batch("gather.opinions", posterior->opinion());
  losses_ = {{"expression",
              1.0,
              {recorder.add<DistributionLoss>("loss.expression", target_, logits_, 1.0)}}};
  // The trainer reads these; opinions enter their table after the optimiser.
  for (Value* value : {logits_, target_, opinions_written_}) graph_.keep(value);
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
                                   {&channel, channel_->shape, DType::f64},
                                   {&log_ratio, rows, DType::f64},
                                   {&target, rows, DType::f64}});
  std::vector<double> opinions = read_tensor(context, opinions_->data);
  for (double& opinion : opinions) opinion = std::log(std::max(opinion, kSmallestOpinion<double>));
  write_tensor(host, logits, opinions);
  write_tensor(host, channel, read_tensor(context, channel_->data));
  write_tensor(host, log_ratio, read_tensor(context, log_ratio_->data));
  upload(host, labels, given);
  std::vector<int32_t> all(config_.samples);
  std::iota(all.begin(), all.end(), 0);
  upload(host, samples, all);
  label_posterior(host, {.logits = logits,
                         .labels = labels,
                         .sample_indices = samples,
                         .channel = channel,
                         .log_ratio = log_ratio,
                         .target = target});
  return read_tensor(host, target);
}

void Robust::after_optimiser(Context& context) {
  label_bank_store(context, {.target = opinions_written_->data,
                             .sample_indices = inputs_.batch_samples->data,
                             .bank = opinions_->data});
}

}  // namespace lanet
