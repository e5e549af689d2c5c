#include "train/epoch_tables.h"

#include "core/parameter_io.h"
#include "core/ranks/communicator.h"
#include "kernels/count_correct.h"

namespace lanet {

EpochTables::EpochTables(Context& context, Model& model, int64_t steps)
    : model_(model), steps_(steps) {
  const int64_t batch = model.inputs().labels->shape[0];
  constexpr int64_t kParameterBytes = sizeof(AugmentParameters);
  std::vector<WantedTensor> wanted = {
      {&position_, {1}, DType::i32},
      {&samples_, {steps, batch}, DType::i32},
      {&epoch_pictures_, {steps, batch}, DType::i32},
      {&labels_, {steps, batch}, DType::i32},
      {&valid_, {steps, batch}, DType::u8},
      {&epoch_parameters_, {steps, batch, kParameterBytes}, DType::u8},
      {&adam_, {steps, 3}, DType::f64},
      {&right_, {steps}, DType::i32},
      {&pictures_, {batch}, DType::i32},
      {&parameters_, {batch, kParameterBytes}, DType::u8},
      {&correct_, {1}, DType::i32}};
  if (reads_batch_samples())
    wanted.push_back(
        {&batch_samples_, {steps, model.inputs().batch_samples->shape[0]}, DType::i32});
  for (size_t t = 0; t < model.losses().size(); ++t)
    for (const Value* part : model.losses()[t].parts)
      losses_.push_back({static_cast<int>(t), {{}, part->data}});
  for (Loss& loss : losses_) wanted.push_back({&loss.row.table, {steps}, loss.row.row.dtype});
  LANET_REQUIRE(losses_.size() < kMaxTables, "{} parts of losses", losses_.size());
  memory_ = allocate_tensors(context, wanted);
}

/// With several ranks; one rank's own samples are all.
bool EpochTables::reads_batch_samples() const {
  const StepInputs& in = model_.inputs();
  return in.batch_samples && in.batch_samples != in.sample_indices;
}

void EpochTables::fill(Context& context, const EpochInputs& inputs, int64_t first) {
  upload(context, position_, std::vector<int32_t>{static_cast<int32_t>(first)});
  upload(context, samples_, inputs.samples);
  if (batch_samples_) upload(context, batch_samples_, inputs.batch_samples);
  upload(context, epoch_pictures_, inputs.pictures);
  upload(context, labels_, inputs.labels);
  if (model_.inputs().landmark_valid) upload(context, valid_, inputs.valid);
  upload(context, epoch_parameters_, inputs.parameters);
  upload(context, adam_, inputs.adam);
}

void EpochTables::begin_step(Context& context) {
  const StepInputs& in = model_.inputs();
  StepTableArgs args{.tables = {{{samples_, in.sample_indices->data},
                                 {labels_, in.labels->data},
                                 {epoch_pictures_, pictures_},
                                 {epoch_parameters_, parameters_},
                                 {adam_, model_.step_values()}}},
                     .position = position_};
  if (in.landmark_valid) args.tables[5] = {valid_, in.landmark_valid->data};
  if (batch_samples_) args.tables[6] = {batch_samples_, in.batch_samples->data};
  step_table_load(context, args);
}

void EpochTables::end_step(Context& context) {
  count_correct(context, {.logits = model_.logits()->data,
                          .labels = model_.inputs().labels->data,
                          .correct = correct_});
  StepTableArgs args{.tables = {{{right_, correct_}}}, .position = position_};
  for (size_t i = 0; i < losses_.size(); ++i) args.tables[1 + i] = losses_[i].row;
  step_table_store(context, args);
  step_advance(context, {.position = position_, .steps = steps_});
}

std::vector<StepResult> EpochTables::read(Context& context, int64_t first, int64_t count) {
  LANET_REQUIRE(first >= 0 && first + count <= steps_, "steps {} to {} of {}", first,
                first + count - 1, steps_);
  if (Communicator& communicator = context.communicator(); communicator.size() > 1) {
    std::vector<Tensor> means;
    for (const Loss& loss : losses_) means.push_back(loss.row.table.rows(first, count));
    communicator.all_reduce(context, means, Reduction::mean);
    communicator.all_reduce(context, std::array{right_.rows(first, count)}, Reduction::sum);
  }
  std::vector<StepResult> results(count);
  const std::vector<double> right = read_tensor(context, right_.rows(first, count));
  for (int64_t i = 0; i < count; ++i) {
    results[i].losses.resize(model_.losses().size());
    results[i].correct = static_cast<int64_t>(right[i]);
  }
  for (const Loss& loss : losses_) {
    const std::vector<double> values = read_tensor(context, loss.row.table.rows(first, count));
    for (int64_t i = 0; i < count; ++i) results[i].losses[loss.term] += values[i];
  }
  return results;
}

}  // namespace lanet
