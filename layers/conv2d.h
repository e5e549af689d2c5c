// Convolution as a node of the graph.
#pragma once

#include <optional>

#include "core/graph.h"
#include "kernels/conv2d/conv2d.h"

namespace lanet {

/// y = x ∗ weight; x [B, H, W, C], weight [O, k, k, C], padding (k − 1)/2.
class Conv2d : public Node {
 public:
  Conv2d(Graph& graph, const std::string& name, Value* x, Value* weight, int64_t stride)
      : Node("conv2d", name),
        shape_{.batch = x->shape[0],
               .height = x->shape[1],
               .width = x->shape[2],
               .in_channels = x->shape[3],
               .out_channels = weight->shape[0],
               .kernel = weight->shape[1],
               .stride = stride,
               .padding = (weight->shape[1] - 1) / 2,
               .dtype = x->dtype} {
    LANET_REQUIRE(weight->shape == shape_.weight(), "{}: x is {}, the weight {}", name, x->shape,
                  weight->shape);
    x_ = read(x, InBackward::yes);
    weight_ = read(weight, InBackward::yes);
    y_ = write(graph, shape_.y(), x->dtype, InBackward::no);
  }
  void request_tuning(Context& context) override {
    request_conv2d_tuning(context, shape_, Conv2dPass::forward, /*add=*/false);
    if (wants_data_gradient())
      request_conv2d_tuning(context, shape_, Conv2dPass::backward_data, x_.gradient().add);
    if (wants_weight_gradient())
      request_conv2d_tuning(context, shape_, Conv2dPass::backward_weight, weight_.gradient().add);
  }
  void plan(Context& context) override {
    plan_.emplace(context, shape_, wants_data_gradient(), wants_weight_gradient());
    context.reserve_workspace(plan_->workspace_bytes());
  }
  void forward(Context& context) override {
    lanet::conv2d(context, *plan_, {.x = x_.data(), .weight = weight_.data(), .y = y_->data});
  }
  void backward(Context& context) override {
    if (const Gradient dx = x_.gradient())
      conv2d_backward_data(context, *plan_, {.dy = y_->grad, .weight = weight_.data(), .dx = dx});
    if (const Gradient dweight = weight_.gradient())
      conv2d_backward_weight(context, *plan_, {.x = x_.data(), .dy = y_->grad, .dweight = dweight});
  }

  /// Runs the library's convolutions of one step and nothing else: what the step's convolutions
  /// cost by themselves. Overwrites the node's values and gradients.
  void run_primitives(Context& context) {
    const Tensor dy = y_->grad ? y_->grad : y_->data;
    conv2d_primitive_only(context, *plan_, Conv2dPass::forward, {.x = x_.data(), .y = y_->data});
    if (const Gradient dx = x_.gradient())
      conv2d_primitive_only(context, *plan_, Conv2dPass::backward_data,
                            {.x = dx.tensor, .y = dy, .add = dx.add});
    if (const Gradient dweight = weight_.gradient())
      conv2d_primitive_only(context, *plan_, Conv2dPass::backward_weight,
                            {.x = x_.data(), .y = dy, .add = dweight.add});
  }

  /// What plan() asks a library for.
  const Conv2dShape& shape() const { return shape_; }
  bool wants_data_gradient() const { return x_.wants_gradient(); }
  bool wants_weight_gradient() const { return weight_.wants_gradient(); }

 private:
  Conv2dShape shape_;
  std::optional<Conv2dPlan> plan_;
  Input x_, weight_;
  Value* y_;
};

}  // namespace lanet
