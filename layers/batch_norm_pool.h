// Batch norm, ReLU and maximum pool as one node of the graph: the normalised picture has no memory.
#pragma once

#include <algorithm>

#include "kernels/batch_norm_pool.h"
#include "kernels/pool.h"
#include "layers/batch_norm.h"

namespace lanet {

/// Training: [B, H, W, C] -> [B, H/2, W/2, C], with the batch's statistics, which also move the
/// running ones. In a group the statistics are found together.
class BatchNormMaxPool : public Node {
 public:
  BatchNormMaxPool(Graph& graph, const std::string& name, Value* x,
                   const BatchNormParameters& parameters)
      : Node("batch_norm_max_pool", name), p_(parameters) {
    const DType stats = accumulate_dtype(x->dtype);
    const Shape channels{x->shape[3]};
    const Shape shape{x->shape[0], max_pool_size(x->shape[1]), max_pool_size(x->shape[2]),
                      x->shape[3]};
    x_ = read(x, InBackward::yes);
    read(p_.weight, InBackward::yes);
    read(p_.bias, InBackward::no);
    y_ = write(graph, shape, x->dtype, InBackward::no);
    mean_ = save(graph, channels, stats);
    inv_std_ = save(graph, channels, stats);
    if (!y_->needs_grad) return;
    argmax_ = save(graph, shape, DType::u8);
    sum_dy_ = save(graph, channels, stats);
    sum_dy_xhat_ = save(graph, channels, stats);
  }
  void plan(Context& context) override {
    context.reserve_workspace(std::max(batch_norm_workspace_bytes(x_->shape, kMaxBatchNorms),
                                       batch_norm_max_pool_workspace_bytes(x_->shape)));
  }
  void forward(Context& context) override {
    Node* self = this;
    forward_group(context, std::span(&self, 1));
  }
  std::string group_key() const override {
    return fmt::format("{} {} {}", kind(), x_->shape, x_->dtype);
  }
  size_t largest_group() const override { return kMaxBatchNorms; }
  void forward_group(Context& context, std::span<Node* const> group) override {
    std::vector<BatchNormStatisticsArgs> statistics;
    for (Node* node : group)
      statistics.push_back(static_cast<BatchNormMaxPool&>(*node).statistics());
    batch_norm_statistics(context, statistics);
    for (Node* node : group) static_cast<BatchNormMaxPool&>(*node).pool(context);
  }
  void backward(Context& context) override {
    batch_norm_max_pool_backward_reduce(context, {.x = x_->data,
                                                  .mean = mean_->data,
                                                  .inv_std = inv_std_->data,
                                                  .dy = y_->grad,
                                                  .argmax = argmax_->data,
                                                  .sum_dy = sum_dy_->data,
                                                  .sum_dy_xhat = sum_dy_xhat_->data,
                                                  .dweight = gradient(1),
                                                  .dbias = gradient(2)});
    if (const Gradient dx = gradient(0))
      batch_norm_max_pool_backward_apply(context, {.x = x_->data,
                                                   .mean = mean_->data,
                                                   .inv_std = inv_std_->data,
                                                   .weight = p_.weight->data,
                                                   .dy = y_->grad,
                                                   .argmax = argmax_->data,
                                                   .sum_dy = sum_dy_->data,
                                                   .sum_dy_xhat = sum_dy_xhat_->data,
                                                   .dx = dx});
  }

 private:
  BatchNormStatisticsArgs statistics() const {
    return {.x = x_->data,
            .mean = mean_->data,
            .inv_std = inv_std_->data,
            .running_mean = p_.running_mean ? p_.running_mean->data : Tensor{},
            .running_var = p_.running_var ? p_.running_var->data : Tensor{}};
  }
  void pool(Context& context) {
    batch_norm_max_pool(context, {.x = x_->data,
                                  .mean = mean_->data,
                                  .inv_std = inv_std_->data,
                                  .weight = p_.weight->data,
                                  .bias = p_.bias->data,
                                  .y = y_->data,
                                  .argmax = argmax_ ? argmax_->data : Tensor{}});
  }

  BatchNormParameters p_;
  Value *x_, *y_;
  Value *mean_, *inv_std_, *argmax_ = nullptr, *sum_dy_ = nullptr, *sum_dy_xhat_ = nullptr;
};

}  // namespace lanet
