// Fully connected layers and row normalisation as nodes of the graph.
#pragma once

#include "core/graph.h"
#include "kernels/l2_normalize.h"
#include "kernels/linear.h"

namespace lanet {

/// y = x·Wᵀ + b, then ReLU where asked for; x [B, I], weight [O, I], bias [O] or null.
class Linear : public Node {
 public:
  Linear(Graph& graph, const std::string& name, Value* x, Value* weight, Value* bias, bool relu)
      : Node("linear", name), relu_(relu) {
    x_ = read(x, InBackward::yes);
    weight_ = read(weight, InBackward::yes);
    if (bias) bias_ = read(bias, InBackward::no);
    y_ = write(graph, {x->shape[0], weight->shape[0]}, x->dtype,
               relu ? InBackward::yes : InBackward::no);
  }
  void plan(Context& context) override {
    context.reserve_workspace(linear_backward_workspace_bytes(y_->shape, y_->dtype, relu_));
  }
  void forward(Context& context) override {
    linear(context, {.x = x_.data(),
                     .weight = weight_.data(),
                     .bias = bias_.data(),
                     .y = y_->data,
                     .relu = relu_});
  }
  void backward(Context& context) override {
    linear_backward(context, {.x = x_.data(),
                              .weight = weight_.data(),
                              .y = y_->data,
                              .dy = y_->grad,
                              .relu = relu_,
                              .dx = x_.gradient(),
                              .dweight = weight_.gradient(),
                              .dbias = bias_.gradient()});
  }

 private:
  bool relu_;
  Input x_, weight_, bias_;
  Value* y_;
};

/// Rows of unit length.
class L2Normalize : public Node {
 public:
  L2Normalize(Graph& graph, const std::string& name, Value* x) : Node("l2_normalize", name) {
    x_ = read(x, InBackward::no);
    y_ = write(graph, x->shape, x->dtype, InBackward::yes);
    norm_ = save(graph, {x->shape[0]}, accumulate_dtype(x->dtype));
  }
  void forward(Context& context) override {
    l2_normalize(context, {.x = x_.data(), .y = y_->data, .norm = norm_->data});
  }
  void backward(Context& context) override {
    l2_normalize_backward(
        context, {.y = y_->data, .norm = norm_->data, .dy = y_->grad, .dx = x_.gradient()});
  }

 private:
  Input x_;
  Value *y_, *norm_;
};

}  // namespace lanet
