// Batch norm with optional residual and ReLU, as nodes of the graph.
#pragma once

#include "core/graph.h"
#include "kernels/batch_norm.h"

namespace lanet {

/// weight and bias [C]; the running statistics are null in the momentum network.
struct BatchNormParameters {
  Value* weight = nullptr;
  Value* bias = nullptr;
  Value* running_mean = nullptr;
  Value* running_var = nullptr;
};

/// Training: y = relu(weight·(x − mean)/√(var + ε) + bias + residual) with the batch's statistics,
/// which also move the running ones. Its ReLU is undone from y, so neither mask nor residual is
/// kept.
class BatchNorm : public Node {
 public:
  BatchNorm(Graph& graph, const std::string& name, Value* x, const BatchNormParameters& parameters,
            bool relu, Value* residual)
      : Node("batch_norm", name), p_(parameters), relu_(relu) {
    const DType stats = accumulate_dtype(x->dtype);
    const Shape channels{x->shape.back()};
    x_ = read(x, InBackward::yes);
    read(p_.weight, InBackward::yes);
    read(p_.bias, InBackward::no);
    if (residual) residual_ = read(residual, InBackward::no);
    y_ = write(graph, x->shape, x->dtype, relu ? InBackward::yes : InBackward::no);
    mean_ = save(graph, channels, stats);
    inv_std_ = save(graph, channels, stats);
    sum_dy_ = save(graph, channels, stats);
    sum_dy_xhat_ = save(graph, channels, stats);
  }
  void plan(Context& context) override {
    context.reserve_workspace(batch_norm_workspace_bytes(x_->shape));
  }
  void forward(Context& context) override {
    batch_norm_statistics(context,
                          {.x = x_->data,
                           .mean = mean_->data,
                           .inv_std = inv_std_->data,
                           .running_mean = p_.running_mean ? p_.running_mean->data : Tensor{},
                           .running_var = p_.running_var ? p_.running_var->data : Tensor{}});
    batch_norm_apply(context, {.x = x_->data,
                               .mean = mean_->data,
                               .inv_std = inv_std_->data,
                               .weight = p_.weight->data,
                               .bias = p_.bias->data,
                               .residual = residual_ ? residual_->data : Tensor{},
                               .y = y_->data,
                               .relu = relu_});
  }
  void backward(Context& context) override {
    batch_norm_backward_reduce(context, {.x = x_->data,
                                         .mean = mean_->data,
                                         .inv_std = inv_std_->data,
                                         .dy = y_->grad,
                                         .y = y_->data,
                                         .relu = relu_,
                                         .sum_dy = sum_dy_->data,
                                         .sum_dy_xhat = sum_dy_xhat_->data,
                                         .dweight = gradient(1),
                                         .dbias = gradient(2)});
    batch_norm_backward_apply(context, {.x = x_->data,
                                        .mean = mean_->data,
                                        .inv_std = inv_std_->data,
                                        .weight = p_.weight->data,
                                        .dy = y_->grad,
                                        .y = y_->data,
                                        .relu = relu_,
                                        .sum_dy = sum_dy_->data,
                                        .sum_dy_xhat = sum_dy_xhat_->data,
                                        .dx = gradient(0),
                                        .dresidual = residual_ ? gradient(3) : Gradient{}});
  }

  bool has_relu() const { return relu_; }
  bool has_residual() const { return residual_ != nullptr; }

 private:
  BatchNormParameters p_;
  bool relu_;
  Value *x_, *y_, *residual_ = nullptr;
  Value *mean_, *inv_std_, *sum_dy_, *sum_dy_xhat_;
};

/// Inference: the same with the running statistics.
class BatchNormInference : public Node {
 public:
  BatchNormInference(Graph& graph, const std::string& name, Value* x,
                     const BatchNormParameters& parameters, bool relu, Value* residual)
      : Node("batch_norm_inference", name), p_(parameters), relu_(relu) {
    x_ = read(x, InBackward::no);
    read(p_.weight, InBackward::no);
    read(p_.bias, InBackward::no);
    read(p_.running_mean, InBackward::no);
    read(p_.running_var, InBackward::no);
    if (residual) residual_ = read(residual, InBackward::no);
    y_ = write(graph, x->shape, x->dtype, InBackward::no);
  }
  void forward(Context& context) override {
    batch_norm_inference(context, {.x = x_->data,
                                   .running_mean = p_.running_mean->data,
                                   .running_var = p_.running_var->data,
                                   .weight = p_.weight->data,
                                   .bias = p_.bias->data,
                                   .residual = residual_ ? residual_->data : Tensor{},
                                   .y = y_->data,
                                   .relu = relu_});
  }

 private:
  BatchNormParameters p_;
  bool relu_;
  Value *x_, *y_, *residual_ = nullptr;
};

}  // namespace lanet
