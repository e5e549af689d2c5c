// Fully connected layers, products of weights and row normalisation, as nodes of the graph.
#pragma once

#include "core/graph.h"
#include "kernels/l2_normalize.h"
#include "kernels/linear.h"
#include "kernels/weight_product.h"

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
    linear(context, {.x = x_->data,
                     .weight = weight_->data,
                     .bias = bias_ ? bias_->data : Tensor{},
                     .y = y_->data,
                     .relu = relu_});
  }
  void backward(Context& context) override {
    linear_backward(context, {.x = x_->data,
                              .weight = weight_->data,
                              .y = y_->data,
                              .dy = y_->grad,
                              .relu = relu_,
                              .dx = gradient(0),
                              .dweight = gradient(1),
                              .dbias = bias_ ? gradient(2) : Gradient{}});
  }

 private:
  bool relu_;
  Value *x_, *weight_, *bias_ = nullptr, *y_;
};

/// The weight a·b as a 1x1 convolution's, in the activations' dtype: a [L, D], b [D, C] ->
/// [L, 1, 1, C]. Its gradient is float32 (float64 for float64).
class WeightProduct : public Node {
 public:
  WeightProduct(Graph& graph, const std::string& name, Value* a, Value* b, DType dtype)
      : Node("weight_product", name), matrix_{a->shape[0], b->shape[1]} {
    a_ = read(a, InBackward::yes);
    b_ = read(b, InBackward::yes);
    y_ = write(graph, {matrix_[0], 1, 1, matrix_[1]}, dtype, InBackward::no);
    y_->grad_dtype = accumulate_dtype(dtype);
  }
  void plan(Context& context) override {
    context.reserve_workspace(weight_product_workspace_bytes(matrix_, y_->dtype));
  }
  void forward(Context& context) override {
    weight_product(context, {.a = a_->data, .b = b_->data, .y = y_->data.reshaped(matrix_)});
  }
  void backward(Context& context) override {
    weight_product_backward(context, {.a = a_->data,
                                      .b = b_->data,
                                      .dy = y_->grad.reshaped(matrix_),
                                      .da = gradient(0),
                                      .db = gradient(1)});
  }

 private:
  Shape matrix_;
  Value *a_, *b_, *y_;
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
    l2_normalize(context, {.x = x_->data, .y = y_->data, .norm = norm_->data});
  }
  void backward(Context& context) override {
    l2_normalize_backward(context,
                          {.y = y_->data, .norm = norm_->data, .dy = y_->grad, .dx = gradient(0)});
  }

 private:
  Value *x_, *y_, *norm_;
};

}  // namespace lanet
