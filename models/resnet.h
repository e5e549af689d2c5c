// ResNet in parts: the stem and its stages, and the classifier that is left for inference.
#pragma once

#include <array>
#include <string_view>

#include "layers/blocks.h"

namespace lanet {

/// What a backbone consists of behind the stem. torchvision's ResNets differ in this alone.
struct ResNet {
  std::string_view name;      ///< in configurations
  Block block;                ///< the kind of all its blocks
  std::array<int, 4> blocks;  ///< of layer1 to layer4
};

enum class Backbone { resnet18, resnet34, resnet50 };
/// A row for each Backbone, in their order.
inline constexpr ResNet kResNets[] = {
    {"resnet18", kBasicBlock, {2, 2, 2, 2}},
    {"resnet34", kBasicBlock, {3, 4, 6, 3}},
    {"resnet50", kBottleneck, {3, 4, 6, 3}},
};

/// Block expansion e: stage n ends with 64·2^(n−1)·e channels.
int64_t expansion(Backbone backbone);

constexpr int64_t kImageChannels = 3;

/// What a network reads: [B, S, S, C], the normalised R, G and B, and on CUDA the zeros that pad
/// them (padded_channels).
Value* record_images(Graph& graph, const ParameterStore& store, int64_t batch, int64_t image_size);

/// conv1 7x7/2, bn1, ReLU, maxpool: the images -> [B, S/4, S/4, 64]. `prefix` as `f_q.`.
Value* record_stem(Recorder& recorder, const std::string& prefix, Value* images);

/// Stage n = 1..4 under the name of its blocks' common part, as `f_q.fer_layer2`.
Value* record_stage(Recorder& recorder, const std::string& name, Value* x, Backbone backbone,
                    int stage);

/// The shared part: stem and layer1, [B, S/4, S/4, 64e].
Value* record_shared(Recorder& recorder, Value* images, Backbone backbone);

/// Feature u and logits of the expression branch behind the shared part.
struct ExpressionFeatures {
  Value* u;       ///< [B, 512e]
  Value* logits;  ///< [B, C]; null where only u is wanted
};
/// fer_layer2..4, global average pool, fer_fc. classes = 0: u alone.
ExpressionFeatures record_expression(Recorder& recorder, Value* shared, Backbone backbone,
                                     int64_t classes);

/// A network that is only run forward, on batches of a fixed size.
class InferenceNetwork {
 public:
  /// After the store was allocated.
  void plan(Context& context) { graph_.plan(context); }
  void forward(Context& context) { graph_.forward(context); }

  Tensor images() const { return images_->data; }  ///< record_images(), written by the caller
  const Graph& graph() const { return graph_; }

 protected:
  InferenceNetwork(const ParameterStore& store, int64_t image_size, int64_t batch)
      : images_(record_images(graph_, store, batch, image_size)) {}

  Graph graph_{Graph::Mode::inference};
  Value* images_;
};

/// The shared part, the expression branch and fer_fc, no more than a plain ResNet.
class Classifier : public InferenceNetwork {
 public:
  /// Records the graph for batches of `batch` images; the parameters are declared in `store`.
  Classifier(ParameterStore& store, Backbone backbone, int64_t classes, int64_t image_size,
             int64_t batch);

  Tensor logits() const { return logits_->data; }  ///< [B, C]
  Tensor features() const { return u_->data; }     ///< [B, 512e], what fer_fc is given

 private:
  Value *u_, *logits_;
};

}  // namespace lanet
