#include "layers/batch_norm.h"

namespace lanet {

namespace {

/// The inputs are x, weight and bias, then from this one on the residual, or those of the second.
constexpr int kOther = 3;

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
    : Node("batch_norm", name), relu_(relu) {
  first_ = read_image(input);
  if (residual) residual_ = read(residual, InBackward::no);
  const bool undone_from_y = relu && residual;
  y_ = write(graph, input.x->shape, input.x->dtype,
             undone_from_y ? InBackward::yes : InBackward::no);
  save_statistics(graph, first_);
  sum_dy_ = save(graph, {input.x->shape.back()}, accumulate_dtype(input.x->dtype));
}

BatchNorm::BatchNorm(Graph& graph, const std::string& name, const NormInput& input, bool relu,
                     const NormInput& second)
    : Node("batch_norm", name), relu_(relu) {
  first_ = read_image(input);
  second_ = read_image(second);
  y_ = write(graph, input.x->shape, input.x->dtype, InBackward::no);
  save_statistics(graph, first_);
  save_statistics(graph, second_);
  sum_dy_ = save(graph, {input.x->shape.back()}, accumulate_dtype(input.x->dtype));
}

BatchNorm::Image BatchNorm::read_image(const NormInput& input) {
  read(input.x, InBackward::yes);
  read(input.parameters.weight, InBackward::yes);
  read(input.parameters.bias, InBackward::yes);
  return {.x = input.x, .parameters = input.parameters};
}

void BatchNorm::save_statistics(Graph& graph, Image& image) {
  const DType dtype = accumulate_dtype(image.x->dtype);
  const Shape channels{image.x->shape.back()};
  image.mean = save(graph, channels, dtype);
  image.inv_std = save(graph, channels, dtype);
  image.sum_dy_xhat = save(graph, channels, dtype);
}

void BatchNorm::plan(Context& context) {
  context.reserve_workspace(batch_norm_workspace_bytes(first_.x->shape, kMaxBatchNorms));
}

BatchNormStatisticsArgs BatchNorm::statistics(const Image& image) const {
  const BatchNormParameters& p = image.parameters;
  return {.x = image.x->data,
          .mean = image.mean->data,
          .inv_std = image.inv_std->data,
          .running_mean = p.running_mean ? p.running_mean->data : Tensor{},
          .running_var = p.running_var ? p.running_var->data : Tensor{}};
}

BatchNormTerm BatchNorm::second_term() const {
  if (!second_.x) return {};
  return {.x = second_.x->data,
          .mean = second_.mean->data,
          .inv_std = second_.inv_std->data,
          .weight = second_.parameters.weight->data,
          .bias = second_.parameters.bias->data,
          .sum_dy_xhat = second_.sum_dy_xhat->data,
          .dweight = gradient(kOther + 1),
          .dbias = gradient(kOther + 2),
          .dx = gradient(kOther)};
}

BatchNormApplyArgs BatchNorm::apply() const {
  return {.x = first_.x->data,
          .mean = first_.mean->data,
          .inv_std = first_.inv_std->data,
          .weight = first_.parameters.weight->data,
          .bias = first_.parameters.bias->data,
          .residual = residual_ ? residual_->data : Tensor{},
          .second = second_term(),
          .y = y_->data,
          .relu = relu_};
}

BatchNormBackwardReduceArgs BatchNorm::reduce() const {
  return {.x = first_.x->data,
          .mean = first_.mean->data,
          .inv_std = first_.inv_std->data,
          .weight = first_.parameters.weight->data,
          .bias = first_.parameters.bias->data,
          .second = second_term(),
          .dy = y_->grad,
          .y = residual_ ? y_->data : Tensor{},
          .relu = relu_,
          .sum_dy = sum_dy_->data,
          .sum_dy_xhat = first_.sum_dy_xhat->data,
          .dweight = gradient(1),
          .dbias = gradient(2)};
}

BatchNormBackwardApplyArgs BatchNorm::backward_apply() const {
  return {.x = first_.x->data,
          .mean = first_.mean->data,
          .inv_std = first_.inv_std->data,
          .weight = first_.parameters.weight->data,
          .bias = first_.parameters.bias->data,
          .second = second_term(),
          .dy = y_->grad,
          .y = residual_ ? y_->data : Tensor{},
          .relu = relu_,
          .sum_dy = sum_dy_->data,
          .sum_dy_xhat = first_.sum_dy_xhat->data,
          .dx = gradient(0),
          .dresidual = residual_ ? gradient(kOther) : Gradient{}};
}

void BatchNorm::forward(Context& context) {
  Node* self = this;
  forward_group(context, std::span(&self, 1));
}

void BatchNorm::backward(Context& context) {
  Node* self = this;
  backward_group(context, std::span(&self, 1));
}

std::string BatchNorm::group_key() const {
  return fmt::format("{} {} {}{}{}{}", kind(), first_.x->shape, first_.x->dtype,
                     relu_ ? " relu" : "", residual_ ? " residual" : "",
                     second_.x ? " second" : "");
}

size_t BatchNorm::largest_group() const {
  return second_.x ? kMaxBatchNorms / 2 : kMaxBatchNorms;
}

void BatchNorm::forward_group(Context& context, std::span<Node* const> group) {
  std::vector<BatchNormStatisticsArgs> statistics;
  for (Node* node : group) {
    const auto& norm = static_cast<BatchNorm&>(*node);
    statistics.push_back(norm.statistics(norm.first_));
    if (norm.second_.x) statistics.push_back(norm.statistics(norm.second_));
  }
  batch_norm_statistics(context, statistics);
  batch_norm_apply(context, collect(group, [](const BatchNorm& norm) { return norm.apply(); }));
}

void BatchNorm::backward_group(Context& context, std::span<Node* const> group) {
  batch_norm_backward_reduce(context,
                             collect(group, [](const BatchNorm& norm) { return norm.reduce(); }));
  batch_norm_backward_apply(
      context, collect(group, [](const BatchNorm& norm) { return norm.backward_apply(); }));
}

}  // namespace lanet
