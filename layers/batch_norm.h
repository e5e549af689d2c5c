// Batch norm with optional residual and ReLU, as nodes of the graph.
#pragma once

#include <span>

#include "core/graph.h"
#include "kernels/batch_norm/batch_norm.h"
#include "kernels/batch_norm/batch_norm_combine.h"

namespace lanet {

/// weight and bias [C]; the running statistics are null in the momentum network.
struct BatchNormParameters {
  Value* weight = nullptr;
  Value* bias = nullptr;
  Value* running_mean = nullptr;
  Value* running_var = nullptr;
};

/// An image before its batch norm.
struct NormInput {
  Value* x = nullptr;
  BatchNormParameters parameters;
};

/// What is kept of an image from its statistics to the backward pass, [C] each. ranks_mean and
/// ranks_inv_std are [ranks, C], this rank's row being that of its own rows; null with one rank.
struct NormStatistics {
  Value *mean = nullptr, *inv_std = nullptr;
  Value *ranks_mean = nullptr, *ranks_inv_std = nullptr;
};

/// An image in training.
struct NormImage {
  Input x, weight, bias;
  Value *running_mean = nullptr, *running_var = nullptr;  ///< state that the forward pass moves
  NormStatistics statistics;
  Value* sum_dy_xhat = nullptr;
};

/// Mean and inverse deviation of each image over all rows of all ranks, in one exchange; moves the
/// running statistics. At most kMaxBatchNorms images, of one shape and dtype.
void find_statistics(Context& context, std::span<const NormImage* const> images);

/// A node that normalises in training.
class NormNode : public GroupedNode {
 protected:
  using GroupedNode::GroupedNode;
  /// bias_use: the backward pass needs it where it finds y again.
  NormImage read_image(const NormInput& input, InBackward bias_use);
  NormStatistics save_statistics(Graph& graph, const Input& x);
};

/// Training: y = relu(weight·(x − mean)/√(var + ε) + bias + other) with the batch's statistics,
/// which also move the running ones. other: nothing, a residual, or the batch norm of a second
/// image (the end of a shortcut), which then has no memory of its own. Its ReLU is undone from y
/// where there is a residual, and else from y found anew, so neither mask nor residual is kept.
class BatchNorm : public NormNode {
 public:
  BatchNorm(Graph& graph, const std::string& name, const NormInput& input, bool relu,
            Value* residual);
  BatchNorm(Graph& graph, const std::string& name, const NormInput& input, bool relu,
            const NormInput& second);

  void plan(Context& context) override;
  std::string group_key() const override;
  size_t largest_group() const override;
  void forward_group(Context& context, std::span<Node* const> group) override;
  void backward_group(Context& context, std::span<Node* const> group) override;

  bool has_relu() const { return relu_; }
  bool has_residual() const { return static_cast<bool>(residual_); }

 private:
  BatchNormTerm second_term() const;
  BatchNormApplyArgs apply() const;
  BatchNormBackwardReduceArgs reduce() const;
  BatchNormBackwardApplyArgs backward_apply() const;

  bool relu_;
  NormImage first_, second_;
  Input residual_;
  Value *y_, *sum_dy_;
};

/// Inference: the same with the running statistics.
class BatchNormInference : public Node {
 public:
  BatchNormInference(Graph& graph, const std::string& name, Value* x,
                     const BatchNormParameters& parameters, bool relu, Value* residual)
      : Node("batch_norm_inference", name), relu_(relu) {
    x_ = read(x, InBackward::no);
    weight_ = read(parameters.weight, InBackward::no);
    bias_ = read(parameters.bias, InBackward::no);
    running_mean_ = read(parameters.running_mean, InBackward::no);
    running_var_ = read(parameters.running_var, InBackward::no);
    if (residual) residual_ = read(residual, InBackward::no);
    y_ = write(graph, x->shape, x->dtype, InBackward::no);
  }
  void forward(Context& context) override {
    batch_norm_inference(context, {.x = x_.data(),
                                   .running_mean = running_mean_.data(),
                                   .running_var = running_var_.data(),
                                   .weight = weight_.data(),
                                   .bias = bias_.data(),
                                   .residual = residual_.data(),
                                   .y = y_->data,
                                   .relu = relu_});
  }

 private:
  bool relu_;
  Input x_, weight_, bias_, running_mean_, running_var_, residual_;
  Value* y_;
};

}  // namespace lanet
