#include "layers/batch_norm.h"

#include "core/ranks/communicator.h"

namespace lanet {

namespace {

/// The same args of every member of a group.
template <typename F>
auto collect(std::span<Node* const> group, F&& args_of) {
  std::vector<decltype(args_of(static_cast<BatchNorm&>(*group[0])))> args;
  for (Node* node : group) args.push_back(args_of(static_cast<BatchNorm&>(*node)));
  return args;
}

}  // namespace

BatchNorm::BatchNorm(Graph& graph, const std::string& name, const NormInput& input, bool relu,
                     Value* residual)
    : NormNode("batch_norm", name), relu_(relu) {
  const DType sums = accumulate_dtype(input.x->dtype);
  const Shape channels{input.x->shape.back()};
  first_ = read_image(input, InBackward::yes);
  if (residual) residual_ = read(residual, InBackward::no);
  const bool undone_from_y = relu && residual;
  y_ = write(graph, input.x->shape, input.x->dtype,
             undone_from_y ? InBackward::yes : InBackward::no);
  first_.statistics = save_statistics(graph, first_.x);
  first_.sum_dy_xhat = save(graph, channels, sums);
  sum_dy_ = save(graph, channels, sums);
}

BatchNorm::BatchNorm(Graph& graph, const std::string& name, const NormInput& input, bool relu,
                     const NormInput& second)
    : NormNode("batch_norm", name), relu_(relu) {
  const DType sums = accumulate_dtype(input.x->dtype);
  const Shape channels{input.x->shape.back()};
  first_ = read_image(input, InBackward::yes);
  second_ = read_image(second, InBackward::yes);
  y_ = write(graph, input.x->shape, input.x->dtype, InBackward::no);
  for (NormImage* image : {&first_, &second_}) {
    image->statistics = save_statistics(graph, image->x);
    image->sum_dy_xhat = save(graph, channels, sums);
  }
  sum_dy_ = save(graph, channels, sums);
}

void find_statistics(Context& context, std::span<const NormImage* const> images) {
  Communicator& communicator = context.communicator();
  const bool alone = communicator.size() == 1;
  std::vector<BatchNormStatisticsArgs> statistics;
  std::vector<Exchange> exchanges;
  std::vector<BatchNormCombineArgs> combine;
  for (const NormImage* image : images) {
    const auto& [mean, inv_std, ranks_mean, ranks_inv_std] = image->statistics;
    const Tensor x = image->x.data();
    const Tensor running_mean = image->running_mean ? image->running_mean->data : Tensor{};
    const Tensor running_var = image->running_var ? image->running_var->data : Tensor{};
    if (alone) {
      statistics.push_back({.x = x,
                            .mean = mean->data,
                            .inv_std = inv_std->data,
                            .running_mean = running_mean,
                            .running_var = running_var});
      continue;
    }
    for (const Value* all : {ranks_mean, ranks_inv_std})
      exchanges.push_back({communicator.shard().of(all->data), all->data});
    const Shape channels = mean->shape;
    statistics.push_back({.x = x,
                          .mean = exchanges.rbegin()[1].local.reshaped(channels),
                          .inv_std = exchanges.rbegin()[0].local.reshaped(channels)});
    combine.push_back({.means = ranks_mean->data,
                       .inv_stds = ranks_inv_std->data,
                       .rows = x.elements() / channels[0],
                       .mean = mean->data,
                       .inv_std = inv_std->data,
                       .running_mean = running_mean,
                       .running_var = running_var});
  }
  batch_norm_statistics(context, statistics);
  if (alone) return;
  communicator.all_gather(context, exchanges);
  batch_norm_combine(context, combine);
}

NormImage NormNode::read_image(const NormInput& input, InBackward bias_use) {
  const BatchNormParameters& p = input.parameters;
  NormImage image{.running_mean = p.running_mean, .running_var = p.running_var};
  image.x = read(input.x, InBackward::yes);
  image.weight = read(p.weight, InBackward::yes);
  image.bias = read(p.bias, bias_use);
  return image;
}

NormStatistics NormNode::save_statistics(Graph& graph, const Input& x) {
  const DType dtype = accumulate_dtype(x.dtype());
  const int64_t channels = x.shape().back();
  const int ranks = graph.shard().ranks;
  NormStatistics statistics{.mean = save(graph, {channels}, dtype),
                            .inv_std = save(graph, {channels}, dtype)};
  if (ranks > 1) {
    statistics.ranks_mean = save(graph, {ranks, channels}, dtype);
    statistics.ranks_inv_std = save(graph, {ranks, channels}, dtype);
  }
  return statistics;
}

void BatchNorm::plan(Context& context) {
  context.reserve_workspace(batch_norm_workspace_bytes(first_.x.shape(), kMaxBatchNorms));
}

BatchNormTerm BatchNorm::second_term() const {
  if (!second_.x) return {};
  return {.x = second_.x.data(),
          .mean = second_.statistics.mean->data,
          .inv_std = second_.statistics.inv_std->data,
          .weight = second_.weight.data(),
          .bias = second_.bias.data(),
          .sum_dy_xhat = second_.sum_dy_xhat->data,
          .dweight = second_.weight.gradient(),
          .dbias = second_.bias.gradient(),
          .dx = second_.x.gradient()};
}

BatchNormApplyArgs BatchNorm::apply() const {
  return {.x = first_.x.data(),
          .mean = first_.statistics.mean->data,
          .inv_std = first_.statistics.inv_std->data,
          .weight = first_.weight.data(),
          .bias = first_.bias.data(),
          .residual = residual_.data(),
          .second = second_term(),
          .y = y_->data,
          .relu = relu_};
}

BatchNormBackwardReduceArgs BatchNorm::reduce() const {
  return {.x = first_.x.data(),
          .mean = first_.statistics.mean->data,
          .inv_std = first_.statistics.inv_std->data,
          .weight = first_.weight.data(),
          .bias = first_.bias.data(),
          .second = second_term(),
          .dy = y_->grad,
          .y = residual_ ? y_->data : Tensor{},
          .relu = relu_,
          .sum_dy = sum_dy_->data,
          .sum_dy_xhat = first_.sum_dy_xhat->data,
          .dweight = first_.weight.gradient(),
          .dbias = first_.bias.gradient()};
}

BatchNormBackwardApplyArgs BatchNorm::backward_apply() const {
  return {.x = first_.x.data(),
          .mean = first_.statistics.mean->data,
          .inv_std = first_.statistics.inv_std->data,
          .weight = first_.weight.data(),
          .bias = first_.bias.data(),
          .second = second_term(),
          .dy = y_->grad,
          .y = residual_ ? y_->data : Tensor{},
          .relu = relu_,
          .sum_dy = sum_dy_->data,
          .sum_dy_xhat = first_.sum_dy_xhat->data,
          .dx = first_.x.gradient(),
          .dresidual = residual_.gradient()};
}

std::string BatchNorm::group_key() const {
  return fmt::format("{} {} {}{}{}{}", kind(), first_.x.shape(), first_.x.dtype(),
                     relu_ ? " relu" : "", residual_ ? " residual" : "",
                     second_.x ? " second" : "");
}

size_t BatchNorm::largest_group() const {
  return second_.x ? kMaxBatchNorms / 2 : kMaxBatchNorms;
}

void BatchNorm::forward_group(Context& context, std::span<Node* const> group) {
  std::vector<const NormImage*> images;
  for (Node* node : group) {
    const auto& norm = static_cast<BatchNorm&>(*node);
    images.push_back(&norm.first_);
    if (norm.second_.x) images.push_back(&norm.second_);
  }
  find_statistics(context, images);
  batch_norm_apply(context, collect(group, [](const BatchNorm& norm) { return norm.apply(); }));
}

void BatchNorm::backward_group(Context& context, std::span<Node* const> group) {
  batch_norm_backward_reduce(context,
                             collect(group, [](const BatchNorm& norm) { return norm.reduce(); }));
  if (Communicator& communicator = context.communicator(); communicator.size() > 1) {
    std::vector<Tensor> sums;
    for (Node* node : group) {
      const auto& norm = static_cast<BatchNorm&>(*node);
      sums.push_back(norm.sum_dy_->data);
      sums.push_back(norm.first_.sum_dy_xhat->data);
      if (norm.second_.x) sums.push_back(norm.second_.sum_dy_xhat->data);
    }
    communicator.all_reduce(context, sums, Reduction::mean);
  }
  batch_norm_backward_apply(
      context, collect(group, [](const BatchNorm& norm) { return norm.backward_apply(); }));
}

}  // namespace lanet
