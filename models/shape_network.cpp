#include "models/shape_network.h"

#include <functional>

#include "core/parameter_io.h"
#include "layers/dropout.h"
#include "layers/label_posterior.h"
#include "layers/losses.h"

namespace lanet {

namespace {

/// dropout: after each hidden layer; none in inference.
Value* record_layers(Recorder& r, const ShapeNetworkConfig& config, Value* shapes,
                     const std::function<Value*(const std::string& name, Value* x)>& dropout) {
  Value* x = r.linear("fc1", shapes, config.hidden1, /*relu=*/true);
  x = r.linear("fc2", dropout("dropout1", x), config.hidden2, /*relu=*/true);
  return r.linear("fc3", dropout("dropout2", x), config.classes);
}

}  // namespace

ShapeNetwork::ShapeNetwork(ParameterStore& store, const ShapeNetworkConfig& config)
    : Model(store, config.optimiser, {}) {
  Recorder recorder(graph_, store);
  const DType dtype = recorder.head_dtype();
  inputs_.images = graph_.input("shapes", {config.batch, config.dimensions}, dtype);
  inputs_.labels = graph_.input("labels", {config.batch}, DType::i32);
  dropout_step_ = record_bank(
      "dropout_step", {1}, DType::i32,
      [](Context& context, const Tensor& bank, const StartingPoint&) { context.fill_zero(bank); });
  channel_ = record_bank("channel", {config.classes, config.classes}, dtype,
                         [](Context& context, const Tensor& bank, const StartingPoint& start) {
                           write_tensor(context, bank, start.knowledge.channel);
                         });

  logits_ = record_layers(recorder, config, inputs_.images, [&](const std::string& name, Value* x) {
    return recorder.add<Dropout>(name, x, dropout_step_, config.dropout, config.seed);
  });
  graph_.keep(logits_);
  const auto* posterior =
      graph_.add<LabelPosterior>("posterior", logits_, inputs_.labels, /*sample_indices=*/nullptr,
                                 LabelEvidence{.channel = channel_});
  losses_ = {{"shape",
              1.0,
              {recorder.add<DistributionLoss>("loss.shape", posterior->target(), logits_, 1.0)}}};
}

void ShapeNetwork::set_channel(Context& context, const std::vector<double>& channel) {
  write_tensor(context, channel_->data, channel);
}

void ShapeNetwork::set_dropout_step(Context& context, int32_t step) {
  upload(context, dropout_step_->data, std::vector<int32_t>{step});
}

ShapeClassifier::ShapeClassifier(ParameterStore& store, const ShapeNetworkConfig& config,
                                 int64_t batch) {
  Recorder recorder(graph_, store);
  shapes_ = graph_.input("shapes", {batch, config.dimensions}, recorder.head_dtype());
  logits_ =
      record_layers(recorder, config, shapes_, [](const std::string&, Value* x) { return x; });
  graph_.keep(logits_);
}

}  // namespace lanet
