// Batch norm, ReLU and maximum pool as one node of the graph: the normalised picture has no memory.
#pragma once

#include <algorithm>
#include <array>

#include "core/ranks/communicator.h"
#include "kernels/batch_norm/batch_norm_pool.h"
#include "kernels/pool.h"
#include "layers/batch_norm.h"

namespace lanet {

/// Training: [B, H, W, C] -> [B, H/2, W/2, C], with the batch's statistics, which also move the
/// running ones. In a group the statistics are found together.
class BatchNormMaxPool : public NormNode {
 public:
  BatchNormMaxPool(Graph& graph, const std::string& name, Value* x,
                   const BatchNormParameters& parameters)
      : NormNode("batch_norm_max_pool", name) {
    const DType sums = accumulate_dtype(x->dtype);
    const Shape channels{x->shape[3]};
    const Shape shape{x->shape[0], max_pool_size(x->shape[1]), max_pool_size(x->shape[2]),
                      x->shape[3]};
    image_ = read_image({x, parameters}, /*bias_use=*/InBackward::no);
    y_ = write(graph, shape, x->dtype, InBackward::no);
    image_.statistics = save_statistics(graph, image_.x);
    if (!y_->differentiable) return;
    argmax_ = save(graph, shape, DType::u8);
    sum_dy_ = save(graph, channels, sums);
    image_.sum_dy_xhat = save(graph, channels, sums);
  }
  void plan(Context& context) override {
    const Shape& x = image_.x.shape();
    context.reserve_workspace(std::max(batch_norm_workspace_bytes(x, kMaxBatchNorms),
                                       batch_norm_max_pool_workspace_bytes(x)));
  }
  std::string group_key() const override {
    return fmt::format("{} {} {}", kind(), image_.x.shape(), image_.x.dtype());
  }
  size_t largest_group() const override { return kMaxBatchNorms; }
  void forward_group(Context& context, std::span<Node* const> group) override {
    std::vector<const NormImage*> images;
    for (Node* node : group) images.push_back(&static_cast<BatchNormMaxPool&>(*node).image_);
    find_statistics(context, images);
    for (Node* node : group) static_cast<BatchNormMaxPool&>(*node).pool(context);
  }
  void backward_group(Context& context, std::span<Node* const> group) override {
    for (Node* node : group) static_cast<BatchNormMaxPool&>(*node).undo(context);
  }

 private:
  void pool(Context& context) {
    batch_norm_max_pool(context, {.x = image_.x.data(),
                                  .mean = image_.statistics.mean->data,
                                  .inv_std = image_.statistics.inv_std->data,
                                  .weight = image_.weight.data(),
                                  .bias = image_.bias.data(),
                                  .y = y_->data,
                                  .argmax = argmax_ ? argmax_->data : Tensor{}});
  }

  void undo(Context& context) {
    const Tensor x = image_.x.data(), mean = image_.statistics.mean->data,
                 inv_std = image_.statistics.inv_std->data, dy = y_->grad, sum_dy = sum_dy_->data,
                 sum_dy_xhat = image_.sum_dy_xhat->data;
    batch_norm_max_pool_backward_reduce(context, {.x = x,
                                                  .mean = mean,
                                                  .inv_std = inv_std,
                                                  .dy = dy,
                                                  .argmax = argmax_->data,
                                                  .sum_dy = sum_dy,
                                                  .sum_dy_xhat = sum_dy_xhat,
                                                  .dweight = image_.weight.gradient(),
                                                  .dbias = image_.bias.gradient()});
    const Gradient dx = image_.x.gradient();
    if (!dx) return;
    if (Communicator& communicator = context.communicator(); communicator.size() > 1)
      communicator.all_reduce(context, std::array{sum_dy, sum_dy_xhat}, Reduction::mean);
    batch_norm_max_pool_backward_apply(context, {.x = x,
                                                 .mean = mean,
                                                 .inv_std = inv_std,
                                                 .weight = image_.weight.data(),
                                                 .dy = dy,
                                                 .argmax = argmax_->data,
                                                 .sum_dy = sum_dy,
                                                 .sum_dy_xhat = sum_dy_xhat,
                                                 .dx = dx});
  }

  NormImage image_;
  Value *y_, *argmax_ = nullptr, *sum_dy_ = nullptr;
};

}  // namespace lanet
