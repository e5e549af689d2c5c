// Pooling and upsampling as nodes of the graph.
#pragma once

#include "core/graph.h"
#include "kernels/add.h"
#include "kernels/pool.h"
#include "kernels/upsample.h"

namespace lanet {

/// 3x3 window, stride 2, padding 1: [B, H, W, C] -> [B, H/2, W/2, C].
class MaxPool : public Node {
 public:
  MaxPool(Graph& graph, const std::string& name, Value* x) : Node("max_pool", name) {
    const Shape shape{x->shape[0], max_pool_size(x->shape[1]), max_pool_size(x->shape[2]),
                      x->shape[3]};
    x_ = read(x, InBackward::no);
    y_ = write(graph, shape, x->dtype, InBackward::no);
    if (graph.mode() == Graph::Mode::training && x->needs_grad)
      argmax_ = save(graph, shape, DType::u8);
  }
  void forward(Context& context) override {
    max_pool(context, {.x = x_->data, .y = y_->data, .argmax = argmax_ ? argmax_->data : Tensor{}});
  }
  void backward(Context& context) override {
    max_pool_backward(context, {.dy = y_->grad, .argmax = argmax_->data, .dx = gradient(0)});
  }

 private:
  Value *x_, *y_, *argmax_ = nullptr;
};

/// [B, H, W, C] -> [B, C] in float32 (float64 for float64).
class GlobalAveragePool : public Node {
 public:
  GlobalAveragePool(Graph& graph, const std::string& name, Value* x)
      : Node("global_average_pool", name) {
    x_ = read(x, InBackward::no);
    y_ = write(graph, {x->shape[0], x->shape[3]}, accumulate_dtype(x->dtype), InBackward::no);
  }
  void forward(Context& context) override {
    global_average_pool(context, {.x = x_->data, .y = y_->data});
  }
  void backward(Context& context) override {
    global_average_pool_backward(context, {.dy = y_->grad, .dx = gradient(0)});
  }

 private:
  Value *x_, *y_;
};

/// Bilinear x2 of x, plus an addend of the larger size: [B, H, W, C] -> [B, 2H, 2W, C].
class Upsample2xAdd : public Node {
 public:
  Upsample2xAdd(Graph& graph, const std::string& name, Value* x, Value* addend)
      : Node("upsample_2x_add", name) {
    x_ = read(x, InBackward::no);
    addend_ = read(addend, InBackward::no);
    y_ = write(graph, addend->shape, x->dtype, InBackward::no);
  }
  void forward(Context& context) override {
    upsample_2x(context, {.x = x_->data, .addend = addend_->data, .y = y_->data});
  }
  void backward(Context& context) override {
    if (const Gradient dx = gradient(0)) upsample_2x_backward(context, {.dy = y_->grad, .dx = dx});
    if (const Gradient daddend = gradient(1))
      add_backward(context, {.dy = y_->grad, .da = daddend});
  }

 private:
  Value *x_, *addend_, *y_;
};

/// y = a + b.
class Add : public Node {
 public:
  Add(Graph& graph, const std::string& name, Value* a, Value* b) : Node("add", name) {
    a_ = read(a, InBackward::no);
    b_ = read(b, InBackward::no);
    y_ = write(graph, a->shape, a->dtype, InBackward::no);
  }
  void forward(Context& context) override {
    add(context, {.a = a_->data, .b = b_->data, .y = y_->data});
  }
  void backward(Context& context) override {
    add_backward(context, {.dy = y_->grad, .da = gradient(0), .db = gradient(1)});
  }

 private:
  Value *a_, *b_, *y_;
};

}  // namespace lanet
