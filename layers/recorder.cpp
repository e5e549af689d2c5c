#include "layers/recorder.h"

#include <cmath>

#include "kernels/cast.h"
#include "layers/batch_norm.h"
#include "layers/batch_norm_pool.h"
#include "layers/conv2d.h"
#include "layers/linear.h"
#include "layers/pool.h"

namespace lanet {

namespace {

Initialisation constant(double value) {
  return {Initialisation::Kind::constant, value};
}

}  // namespace

Value* Recorder::external(const Parameter& p, bool in_activation_dtype) {
  auto [found, is_new] = known_.try_emplace(p.name, nullptr);
  if (!is_new) return found->second;
  const bool query = role_ == Role::query;
  const bool gradient = query && p.trained && !inference();
  const DType dtype = in_activation_dtype ? activation_dtype() : head_dtype();
  auto bind = [store = &store_, &p, query, gradient, in_activation_dtype](Value& value) {
    if (in_activation_dtype)
      value.data = query ? store->weights(p) : store->momentum_weights(p);
    else
      value.data = query ? store->master(p) : store->momentum(p);
    if (gradient) value.grad = store->gradient(p);
  };
  return found->second = graph_.external(p.name, p.shape, dtype, gradient, bind);
}

Value* Recorder::weight(const std::string& name, const Shape& shape, FileLayout layout,
                        Initialisation start) {
  return external(store_.declare(name, shape, layout, start, role_ == Role::momentum), true);
}

Value* Recorder::parameter(const std::string& name, const Shape& shape, Initialisation start,
                           FileLayout layout) {
  return external(store_.declare(name, shape, layout, start, role_ == Role::momentum), false);
}

Value* Recorder::state(const std::string& name, const Shape& shape, double value) {
  return external(store_.declare_state(name, shape, value), false);
}

Value* Recorder::conv2d(const std::string& name, Value* x, int64_t out_channels, int64_t kernel,
                        int64_t stride, std::optional<int64_t> in_channels) {
  const Initialisation he{Initialisation::Kind::he_normal_fan_out,
                          std::sqrt(2.0 / static_cast<double>(out_channels * kernel * kernel))};
  Value* w =
      weight(name + ".weight", {out_channels, kernel, kernel, in_channels.value_or(x->shape[3])},
             FileLayout::ohwi, he);
  return add<Conv2d>(name, x, w, stride);
}

BatchNormParameters Recorder::batch_norm_parameters(const std::string& name, int64_t channels) {
  BatchNormParameters parameters{.weight = parameter(name + ".weight", {channels}, constant(1)),
                                 .bias = parameter(name + ".bias", {channels}, constant(0))};
  if (role_ == Role::query) {
    parameters.running_mean = state(name + ".running_mean", {channels}, 0);
    parameters.running_var = state(name + ".running_var", {channels}, 1);
  }
  return parameters;
}

Value* Recorder::batch_norm(const std::string& name, Value* x, bool relu, Value* residual) {
  const BatchNormParameters parameters = batch_norm_parameters(name, x->shape.back());
  if (inference()) return add<BatchNormInference>(name, x, parameters, relu, residual);
  return add<BatchNorm>(name, NormInput{x, parameters}, relu, residual);
}

Value* Recorder::batch_norm_sum(const std::string& name, Value* x, const std::string& second_name,
                                Value* second) {
  if (inference())
    return batch_norm(name, x, /*relu=*/true, batch_norm(second_name, second, /*relu=*/false));
  const int64_t channels = x->shape.back();
  return add<BatchNorm>(name, NormInput{x, batch_norm_parameters(name, channels)}, /*relu=*/true,
                        NormInput{second, batch_norm_parameters(second_name, channels)});
}

Value* Recorder::batch_norm_max_pool(const std::string& name, const std::string& pool_name,
                                     Value* x) {
  if (inference()) return add<MaxPool>(pool_name, batch_norm(name, x, /*relu=*/true));
  return add<BatchNormMaxPool>(name, x, batch_norm_parameters(name, x->shape.back()));
}

Value* Recorder::linear(const std::string& name, Value* x, int64_t out_features, bool relu) {
  const int64_t in_features = x->shape[1];
  const Initialisation uniform{Initialisation::Kind::uniform,
                               1.0 / std::sqrt(static_cast<double>(in_features))};
  Value* w = parameter(name + ".weight", {out_features, in_features}, uniform);
  Value* b = parameter(name + ".bias", {out_features}, uniform);
  return add<Linear>(name, x, w, b, relu);
}

void refresh_shadows(Context& context, const ParameterStore& store) {
  const ParameterStore::Blocks blocks = store.blocks();
  if (blocks.shadow) cast(context, {.from = blocks.master, .to = blocks.shadow});
  if (blocks.momentum_shadow)
    cast(context, {.from = blocks.momentum, .to = blocks.momentum_shadow});
}

}  // namespace lanet
