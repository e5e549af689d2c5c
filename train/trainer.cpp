#include "train/trainer.h"

#include <chrono>
#include <cmath>

#include "core/parameter_io.h"
#include "data/landmarks.h"
#include "data/sampler.h"
#include "kernels/augment.h"
#include "train/session.h"

namespace lanet {

namespace {

constexpr int64_t kClasses = kNumExpressions;

/// The host's data in one tensor of the context's device.
template <typename T>
void upload(Context& context, const Tensor& to, const std::vector<T>& from) {
  context.copy(to, {const_cast<T*>(from.data()), to.shape, to.dtype, Device::cpu});
}

}  // namespace

std::unique_ptr<Model> make_model(const Config& config, int64_t samples, ParameterStore& store) {
  const Backbone backbone = backbone_from(config.model.backbone);
  const OptimiserConfig optimiser{.key_momentum = config.model.key_momentum};
  if (config.method == "baseline")
    return std::make_unique<Baseline>(store, backbone, kClasses, config.data.image_size,
                                      config.train.batch, optimiser);
  return std::make_unique<LaNet>(store, LaNetConfig{.backbone = backbone,
                                                    .classes = kClasses,
                                                    .landmarks = kNumLandmarks,
                                                    .neighbours = config.model.neighbours,
                                                    .bank_rows = config.model.bank,
                                                    .image_size = config.data.image_size,
                                                    .batch = config.train.batch,
                                                    .samples = samples,
                                                    .confidence = config.model.confidence,
                                                    .temperature = config.model.temperature,
                                                    .label_momentum = config.model.label_momentum,
                                                    .weights = config.train.weights,
                                                    .optimiser = optimiser});
}

Trainer::Trainer(Context& context, const Config& config, Faces train, Faces test,
                 std::vector<int32_t> given_labels)
    : context_(context),
      config_(config),
      train_(std::move(train)),
      test_(std::move(test)),
      given_labels_(std::move(given_labels)),
      store_(dtype_from(config.train.dtype)),
      model_(make_model(config, train_.size(), store_)),
      evaluator_(store_, backbone_from(config.model.backbone), kClasses, config.data.image_size,
                 config.train.batch) {
  if (train_.size() < config.train.batch)
    throw InputError(fmt::format("train.batch: {}; expected at most the {} training faces of {}",
                                 config.train.batch, train_.size(), config.data.root));
  store_.allocate(context, /*for_training=*/true);
  model_->plan(context);
  evaluator_.plan(context);
  context.reserve_workspace(
      augment_workspace_bytes(context, config.data.image_size, config.train.batch));

  const int64_t batch = config.train.batch;
  const size_t landmark_bytes = train_.landmarks.size() * sizeof(float);
  const size_t permutation_bytes = sizeof(kFlipPermutation);
  memory_ =
      context.allocate(landmark_bytes + permutation_bytes + batch * sizeof(AugmentParameters));
  flip_permutation_ = memory_.tensor({kNumLandmarks}, DType::i32, landmark_bytes);
  parameters_ = memory_.tensor({batch, sizeof(AugmentParameters)}, DType::u8,
                               landmark_bytes + permutation_bytes);
  upload(context, flip_permutation_,
         std::vector<int32_t>(kFlipPermutation.begin(), kFlipPermutation.end()));
  if (landmark_bytes > 0) {
    landmarks_ = memory_.tensor({train_.size(), kNumLandmarks, 2}, DType::f32);
    upload(context, landmarks_, train_.landmarks);
  }
  context.synchronize();
  context.freeze();
}

void Trainer::initialise(const std::function<void(const std::string&)>& message) {
  store_.initialise(context_, config_.seed);
  refresh_shadows(context_, store_);
  if (auto* lanet = dynamic_cast<LaNet*>(model_.get()))
    lanet->initialise_state(context_, config_.seed, given_labels_);
  if (config_.model.pretrained.empty()) return;
  const PretrainedReport report = load_pretrained(context_, config_.model.pretrained, store_);
  auto named = [](const std::vector<std::string>& names) {
    return names.empty()
               ? "none"
               : fmt::format("{} ({}{})", names.size(), names[0], names.size() > 1 ? ", …" : "");
  };
  message(fmt::format("{}: {} parameters loaded, ignored {}, missing {}", config_.model.pretrained,
                      report.loaded, named(report.ignored), named(report.missing)));
}

void Trainer::load(const NamedArrays& checkpoint, const std::string& path) {
  const CheckpointInfo info = checkpoint_info(checkpoint, path);
  load_parameters(context_, checkpoint, path, store_);
  load_training_state(context_, checkpoint, path, *model_);
  epochs_done_ = info.epoch;
  steps_done_ = info.steps;
}

double Trainer::learning_rate(int64_t step) const {
  const double total = static_cast<double>(steps_per_epoch() * config_.train.epochs);
  return config_.train.learning_rate * (1 - static_cast<double>(step) / total);
}

void Trainer::prepare_epoch() {
  order_ = epoch_order(given_labels_, kClasses, epochs_done_,
                       static_cast<int>(config_.train.epochs), config_.seed);
}

// Everything that changes from step to step goes into memory that the graph reads.
void Trainer::write_batch(int64_t step) {
  const int64_t batch = config_.train.batch;
  const StepInputs& in = model_->inputs();
  std::vector<int32_t> samples(batch), labels(batch);
  std::vector<uint8_t> valid(batch);
  std::vector<AugmentParameters> parameters(batch);
  for (int64_t b = 0; b < batch; ++b) {
    const int64_t position = step * batch + b;
    samples[b] = order_[position];
    labels[b] = given_labels_[samples[b]];
    if (landmarks_) valid[b] = train_.valid[samples[b]];
    parameters[b] = draw_augmentation(config_.seed, static_cast<uint32_t>(epochs_done_),
                                      static_cast<uint32_t>(position), config_.data.image_size,
                                      config_.data.augment);
  }
  upload(context_, in.sample_indices->data, samples);
  upload(context_, in.labels->data, labels);
  if (in.landmark_valid) upload(context_, in.landmark_valid->data, valid);
  context_.copy(parameters_, {parameters.data(), parameters_.shape, DType::u8, Device::cpu});
  context_.synchronize();
  augment(context_, {.images = train_.set.images,
                     .sample_indices = in.sample_indices->data,
                     .parameters = parameters_,
                     .y = in.images->data,
                     .landmarks = in.landmarks ? landmarks_ : Tensor{},
                     .landmarks_out = in.landmarks ? in.landmarks->data : Tensor{},
                     .flip_permutation = flip_permutation_,
                     .flip_swap_landmarks = config_.data.augment.flip_swap_landmarks});
  model_->set_step(context_, steps_done_ + 1, learning_rate(steps_done_));
}

void Trainer::step(int64_t step) {
  write_batch(step);
  model_->step(context_);
  ++steps_done_;
}

EpochResult Trainer::run_epoch(const StepCallback& callback) {
  LANET_REQUIRE(epochs_done_ < config_.train.epochs, "{} epochs are done of {}", epochs_done_,
                config_.train.epochs);
  const auto start = std::chrono::steady_clock::now();
  prepare_epoch();
  EpochResult result;
  const int64_t steps = steps_per_epoch(), batch = config_.train.batch;
  int64_t right = 0;
  for (int64_t step = 0; step < steps; ++step) {
    result.learning_rate = learning_rate(steps_done_);
    this->step(step);
    double total = 0;
    for (const NamedLoss& term : model_->losses()) {
      double value = 0;
      for (const Value* part : term.parts) value += read_tensor(context_, part->data)[0];
      if (!std::isfinite(value))
        throw Error(fmt::format("loss {} is {} in epoch {}, step {}: training cannot go on",
                                term.name, value, epochs_done_ + 1, step + 1));
      result.losses[term.name] += value / static_cast<double>(steps);
      total += term.weight * value;
    }
    result.losses["total"] += total / static_cast<double>(steps);
    const auto logits = read_tensor(context_, model_->logits()->data);
    for (int64_t b = 0; b < batch; ++b) {
      const auto row = logits.begin() + b * kClasses;
      const int64_t best = std::max_element(row, row + kClasses) - row;
      right += best == given_labels_[order_[step * batch + b]];
    }
    if (callback)
      callback(step + 1,
               result.losses["total"] * static_cast<double>(steps) / static_cast<double>(step + 1));
  }
  result.epoch = ++epochs_done_;
  result.images = steps * batch;
  result.train_accuracy = static_cast<double>(right) / static_cast<double>(result.images);
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return result;
}

Confusion Trainer::evaluate() {
  Confusion confusion(static_cast<int>(kClasses));
  confusion.add(test_.list.labels, evaluator_.predictions(context_, test_.set.images));
  return confusion;
}

NamedArrays Trainer::checkpoint(bool with_state) {
  NamedArrays arrays = save_parameters(
      context_, store_, {.config = config_, .epoch = epochs_done_, .steps = steps_done_});
  if (with_state) add_training_state(context_, *model_, arrays);
  return arrays;
}

std::string Trainer::labels_csv() {
  if (!model_->target_distribution()) return "";
  std::string text = "image,given_label";
  for (const std::string_view name : kExpressionNames) text += fmt::format(",{}", name);
  text += "\n";
  const auto bank = read_tensor(context_, model_->state().front().tensor);
  for (int64_t i = 0; i < train_.size(); ++i) {
    text += fmt::format("{},{}", train_.list.names[i], kExpressionNames[given_labels_[i]]);
    for (int64_t c = 0; c < kClasses; ++c) text += fmt::format(",{:.6f}", bank[i * kClasses + c]);
    text += "\n";
  }
  return text;
}

}  // namespace lanet
