#include "models/model.h"

#include <cmath>

#include "kernels/adam.h"

namespace lanet {

void Model::plan(Context& context) {
  plan_state(context);
  step_memory_ = context.allocate(3 * sizeof(double));
  step_values_ = step_memory_.tensor({3}, DType::f64);
  graph_.plan(context);
  if (graph_.shard().ranks > 1) buckets_.emplace(store_.blocks(), graph_);
}

std::array<double, 3> Model::adam_values(int64_t number, double learning_rate) const {
  const double t = static_cast<double>(number);
  return {learning_rate, 1 - std::pow(optimiser_.beta1, t), 1 - std::pow(optimiser_.beta2, t)};
}

void Model::set_step(Context& context, int64_t number, double learning_rate) {
  std::array<double, 3> values = adam_values(number, learning_rate);
  context.copy(step_values_, {values.data(), {3}, DType::f64, Device::cpu});
  context.synchronize();  // until then the host's values are needed
}

void Model::step(Context& context) {
  static_assert(kAdamDecayGroup == kParameterAlignment, "a group is of one parameter");
  graph_.forward(context);
  if (buckets_) {
    graph_.backward(context, [&](const std::vector<Value*>& parameters) {
      buckets_->complete(context, parameters);
    });
    context.enter("gradients", "gradients", "step");
    buckets_->finish(context);
  } else {
    graph_.backward(context);
  }
  context.enter("optimiser", "optimiser", "step");
  const ParameterStore::Blocks blocks = store_.blocks();
  adam(context, {.master = blocks.master,
                 .rounded_gradient = blocks.rounded_gradient,
                 .gradient = blocks.gradient,
                 .first_moment = blocks.first_moment,
                 .second_moment = blocks.second_moment,
                 .momentum_copy = blocks.momentum,
                 .shadow = blocks.shadow,
                 .momentum_shadow = blocks.momentum_shadow,
                 .decayed = blocks.decayed,
                 .step_values = step_values_,
                 .beta1 = optimiser_.beta1,
                 .beta2 = optimiser_.beta2,
                 .epsilon = optimiser_.epsilon,
                 .key_momentum = optimiser_.key_momentum,
                 .weight_decay = optimiser_.weight_decay});
  context.enter("state", "state", "step");
  after_optimiser(context);
}

}  // namespace lanet
