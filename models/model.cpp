#include "models/model.h"

#include <cmath>

#include "kernels/adam.h"
#include "layers/gather.h"

namespace lanet {

void Model::record_inputs(int64_t image_size, int64_t batch) {
  const int64_t rows = graph_.shard().rows(batch);
  inputs_.images = record_images(graph_, store_, rows, image_size);
  inputs_.labels = graph_.input("labels", {rows}, DType::i32);
  inputs_.sample_indices = graph_.input("sample_indices", {rows}, DType::i32);
}

void Model::record_batch_samples(int64_t batch) {
  inputs_.batch_samples = graph_.shard().ranks > 1
                              ? graph_.input("batch_samples", {batch}, DType::i32)
                              : inputs_.sample_indices;
}

Value* Model::record_whole_batch(const std::string& name, Value* value) {
  if (graph_.shard().ranks == 1) return value;
  const std::vector<Value*> constants{value};
  return graph_.add<Gather>(name, std::vector<Value*>{}, constants)->global(0);
}

Value* Model::record_bank(const std::string& name, const Shape& shape, DType dtype,
                          BankStart start) {
  const Bank& bank = banks_.emplace_back(Bank{name, shape, dtype, std::move(start), {}});
  return graph_.external(name, shape, dtype, /*has_grad=*/false,
                         [&bank](Value& value) { value.data = bank.tensor; });
}

void Model::initialise_state(Context& context, const StartingPoint& start) {
  for (const Bank& bank : banks_) bank.start(context, bank.tensor, start);
}

std::vector<NamedState> Model::state() const {
  std::vector<NamedState> state;
  for (const Bank& bank : banks_) state.push_back({bank.name, bank.tensor});
  return state;
}

void Model::plan(Context& context) {
  std::vector<WantedTensor> wanted;
  for (Bank& bank : banks_) wanted.push_back({&bank.tensor, bank.shape, bank.dtype});
  if (!wanted.empty()) bank_memory_ = allocate_tensors(context, wanted);
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
