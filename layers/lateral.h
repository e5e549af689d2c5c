// The collapsed landmark head as nodes of the graph: what its four laterals, [D, C_i], are
// multiplied with (docs/design.md, "Equivalent forms").
#pragma once

#include "core/graph.h"
#include "kernels/lateral_product.h"

namespace lanet {

/// One of each for the four stages.
using LateralValues = std::array<Value*, 4>;

/// The feature v = Σ mean_i·lat_iᵀ: mean_i [B, C_i] -> [B, D].
class LateralFeature : public Node {
 public:
  LateralFeature(Graph& graph, const std::string& name, const LateralValues& mean,
                 const LateralValues& lateral)
      : Node("lateral_feature", name) {
    for (int i = 0; i < 4; ++i) mean_[i] = read(mean[i], InBackward::yes);
    for (int i = 0; i < 4; ++i) lateral_[i] = read(lateral[i], InBackward::yes);
    v_ = write(graph, {mean[0]->shape[0], lateral[0]->shape[0]}, mean[0]->dtype, InBackward::no);
  }
  void forward(Context& context) override {
    LateralContractArgs args{.sum = {v_->data}};
    for (int i = 0; i < 4; ++i) {
      args.x[i] = mean_[i].data();
      args.lateral[i] = lateral_[i].data();
    }
    lateral_contract(context, args);
  }
  void backward(Context& context) override {
    LateralExpandArgs by_mean{.a = v_->grad};
    LateralGradientArgs by_lateral{.a = v_->grad};
    for (int i = 0; i < 4; ++i) {
      by_mean.lateral[i] = lateral_[i].data();
      by_mean.y[i] = mean_[i].gradient();
      by_lateral.dy[i] = mean_[i].data();
      by_lateral.dlateral[i] = lateral_[i].gradient();
    }
    lateral_expand(context, by_mean);
    lateral_gradient(context, by_lateral);
  }

 private:
  std::array<Input, 4> mean_, lateral_;
  Value* v_;
};

/// The weights head·lat_i as those of 1x1 convolutions, in the activations' dtype: head [L, D] ->
/// output(i) [L, 1, 1, C_i], each of which the loss must depend on.
class LateralWeights : public Node {
 public:
  LateralWeights(Graph& graph, const std::string& name, Value* head, const LateralValues& lateral,
                 DType dtype)
      : Node("lateral_weights", name) {
    head_ = read(head, InBackward::yes);
    for (int i = 0; i < 4; ++i) lateral_[i] = read(lateral[i], InBackward::yes);
    for (const Value* l : lateral)
      write(graph, {head->shape[0], 1, 1, l->shape[1]}, dtype, InBackward::no);
  }
  void plan(Context& context) override {
    for (int i = 0; i < 4; ++i)
      output(i)->grad_dtype = weight_gradient_dtype(context.device(), output(i)->dtype);
  }
  void forward(Context& context) override {
    LateralExpandArgs args{.a = head_.data()};
    for (int i = 0; i < 4; ++i) {
      args.lateral[i] = lateral_[i].data();
      args.y[i] = {matrix(output(i)->data)};
    }
    lateral_expand(context, args);
  }
  void backward(Context& context) override {
    LateralContractArgs by_head{.sum = head_.gradient()};
    LateralGradientArgs by_lateral{.a = head_.data()};
    for (int i = 0; i < 4; ++i) {
      by_head.x[i] = by_lateral.dy[i] = matrix(output(i)->grad);
      by_head.lateral[i] = lateral_[i].data();
      by_lateral.dlateral[i] = lateral_[i].gradient();
    }
    lateral_contract(context, by_head);
    lateral_gradient(context, by_lateral);
  }

 private:
  static Tensor matrix(const Tensor& weight) {
    return weight.reshaped({weight.shape[0], weight.shape[3]});
  }
  Input head_;
  std::array<Input, 4> lateral_;
};

}  // namespace lanet
