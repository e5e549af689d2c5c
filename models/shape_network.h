// A small perceptron from the shape of a face's landmarks (data/landmark_shapes.h) to its class,
// trained on labels that may be wrong: its loss contains the channel that made them so.
//   −log Σ_y p(y | s)·N[y, g]        s: the shape, g: the given label, N[y, g] = P(given g | true
//   y)
// (docs/design.md, "The shape network").
#pragma once

#include "models/model.h"

namespace lanet {

struct ShapeNetworkConfig {
  int64_t dimensions = 38;  ///< D, of a shape
  int64_t classes = 7;      ///< C
  int64_t hidden1 = 128, hidden2 = 64;
  double dropout = 0.3;
  int64_t batch = 512;  ///< B
  uint64_t seed = 0;    ///< of the dropout masks
  OptimiserConfig optimiser{.weight_decay = 0.01};
};

/// In training. inputs().images are the shapes, [B, D].
class ShapeNetwork : public Model {
 public:
  ShapeNetwork(ParameterStore& store, const ShapeNetworkConfig& config);

  /// channel: [C, C], a row for each true class. After plan().
  void set_channel(Context& context, const std::vector<double>& channel);
  /// What dropout reads in the step that follows.
  void set_dropout_step(Context& context, int32_t step);

 private:
  Value* channel_;       // [C, C]
  Value* dropout_step_;  // i32 [1]
};

/// The same network for inference, on batches of `batch` shapes.
class ShapeClassifier {
 public:
  ShapeClassifier(ParameterStore& store, const ShapeNetworkConfig& config, int64_t batch);
  /// After the store was allocated.
  void plan(Context& context) { graph_.plan(context); }
  void forward(Context& context) { graph_.forward(context); }

  Tensor shapes() const { return shapes_->data; }  ///< [B, D], written by the caller
  Tensor logits() const { return logits_->data; }  ///< [B, C]

 private:
  Graph graph_{Graph::Mode::inference};
  Value *shapes_, *logits_;
};

}  // namespace lanet
