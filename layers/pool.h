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
    if (graph.mode() == Graph::Mode::training && x->differentiable)
      argmax_ = save(graph, shape, DType::u8);
  }
  void forward(Context& context) override {
    max_pool(context,
             {.x = x_.data(), .y = y_->data, .argmax = argmax_ ? argmax_->data : Tensor{}});
  }
  void backward(Context& context) override {
    max_pool_backward(context, {.dy = y_->grad, .argmax = argmax_->data, .dx = x_.gradient()});
  }

 private:
  Input x_;
  Value *y_, *argmax_ = nullptr;
};

/// The means of up to four images of one batch: [B, H_i, W_i, C_i] -> output(i) [B, C_i] in float32
/// (float64 for float64), each of which the loss must depend on.
class GlobalAveragePool : public Node {
 public:
  GlobalAveragePool(Graph& graph, const std::string& name, std::span<Value* const> x)
      : Node("global_average_pool", name) {
    for (Value* image : x) x_.push_back(read(image, InBackward::no));
    for (const Value* image : x)
      write(graph, {image->shape[0], image->shape[3]}, accumulate_dtype(image->dtype),
            InBackward::no);
  }
  void forward(Context& context) override {
    std::vector<GlobalAveragePoolArgs> images;
    for (size_t i = 0; i < x_.size(); ++i) images.push_back({x_[i].data(), output(i)->data});
    global_average_pool(context, images);
  }
  void backward(Context& context) override {
    std::vector<GlobalAveragePoolBackwardArgs> images;
    for (size_t i = 0; i < x_.size(); ++i) images.push_back({output(i)->grad, x_[i].gradient()});
    global_average_pool_backward(context, images);
  }

 private:
  std::vector<Input> x_;
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
    upsample_2x(context, {.x = x_.data(), .addend = addend_.data(), .y = y_->data});
  }
  void backward(Context& context) override {
    if (const Gradient dx = x_.gradient())
      upsample_2x_backward(context, {.dy = y_->grad, .dx = dx});
    if (const Gradient daddend = addend_.gradient())
      add_backward(context, {.dy = y_->grad, .da = daddend});
  }

 private:
  Input x_, addend_;
  Value* y_;
};

}  // namespace lanet
