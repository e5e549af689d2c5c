#include "models/resnet.h"

#include "layers/pool.h"

namespace lanet {

namespace {

const ResNet& row_of(Backbone backbone) {
  return kResNets[static_cast<size_t>(backbone)];
}

}  // namespace

int64_t expansion(Backbone backbone) {
  return row_of(backbone).block.expansion;
}

Value* record_images(Graph& graph, const ParameterStore& store, int64_t batch, int64_t image_size) {
  return graph.input("images", {batch, image_size, image_size, store.padded(kImageChannels)},
                     store.activation_dtype());
}

Value* record_stem(Recorder& r, const std::string& prefix, Value* images) {
  Value* x = r.conv2d(prefix + "conv1", images, 64, 7, 2, kImageChannels);
  return r.batch_norm_max_pool(prefix + "bn1", prefix + "maxpool", x);
}

Value* record_stage(Recorder& r, const std::string& name, Value* x, Backbone backbone, int stage) {
  const int64_t width = int64_t{64} << (stage - 1);
  const ResNet& row = row_of(backbone);
  for (int i = 0; i < row.blocks[stage - 1]; ++i) {
    const std::string block = fmt::format("{}.{}", name, i);
    const int64_t stride = i == 0 && stage > 1 ? 2 : 1;
    x = row.block.record(r, block, x, width, stride);
  }
  return x;
}

Value* record_shared(Recorder& r, Value* images, Backbone backbone) {
  return record_stage(r, "f_q.layer1", record_stem(r, "f_q.", images), backbone, 1);
}

ExpressionFeatures record_expression(Recorder& r, Value* shared, Backbone backbone,
                                     int64_t classes) {
  Value* x = shared;
  for (int stage = 2; stage <= 4; ++stage)
    x = record_stage(r, fmt::format("f_q.fer_layer{}", stage), x, backbone, stage);
  Value* u = r.add<GlobalAveragePool>("f_q.avgpool", std::span(&x, 1));
  return {u, classes > 0 ? r.linear("f_q.fer_fc", u, classes) : nullptr};
}

Classifier::Classifier(ParameterStore& store, Backbone backbone, int64_t classes,
                       int64_t image_size, int64_t batch)
    : InferenceNetwork(store, image_size, batch) {
  Recorder recorder(graph_, store);
  Value* shared = record_shared(recorder, images_, backbone);
  const ExpressionFeatures expression = record_expression(recorder, shared, backbone, classes);
  u_ = expression.u;
  logits_ = expression.logits;
  graph_.keep(u_);
  graph_.keep(logits_);
}

}  // namespace lanet
