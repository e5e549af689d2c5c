#include "train/trainer.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/parameter_io.h"
#include "core/ranks/communicator.h"
#include "data/sampler.h"
#include "kernels/augment.h"
#include "models/lanet.h"
#include "models/rivals.h"
#include "models/robust.h"
#include "train/labels/label_table.h"
#include "train/likeliest_class.h"
#include "train/pretrained.h"
#include "train/schedule.h"

namespace lanet {

namespace {

/// Steps that the host puts on the device before it waits for their losses.
constexpr int64_t kCudaStepsPerReport = 16;
/// What a checkpoint inside an epoch has beside that at the end of one: the order of the epoch, an
/// array, and the sums of its steps so far, metadata.
constexpr const char* kEpochOrder = "epoch.order";
constexpr const char* kEpochSums = "epoch_sums";

}  // namespace

std::unique_ptr<Model> make_model(const Config& config, int64_t classes, int64_t samples,
                                  int64_t landmarks, ParameterStore& store, Shard shard) {
  const Backbone backbone = config.model.backbone;
  const OptimiserConfig optimiser{.key_momentum = config.model.key_momentum,
                                  .weight_decay = config.train.weight_decay};
  if (starts_from_knowledge(config))
    return std::make_unique<Robust>(
        store, RobustConfig{.backbone = backbone,
                            .classes = classes,
                            .image_size = config.data.image_size,
                            .batch = config.train.batch,
                            .samples = samples,
                            .opinion_momentum =
                                config.method == Method::lanet ? config.model.opinion_momentum : 0,
                            .optimiser = optimiser,
                            .shard = shard});
  if (config.method != Method::lanet) {
    const BaselineConfig rival{
        .backbone = backbone,
        .classes = classes,
        .image_size = config.data.image_size,
        .batch = config.train.batch,
        .label_smoothing = config.method == Method::label_smoothing ? kLabelSmoothing : 0,
        .optimiser = optimiser,
        .shard = shard};
    if (config.method == Method::elr) return std::make_unique<EarlyLearning>(store, rival, samples);
    return std::make_unique<Baseline>(store, rival);
  }
  return std::make_unique<LaNet>(store, LaNetConfig{.backbone = backbone,
                                                    .classes = classes,
                                                    .landmarks = landmarks,
                                                    .neighbours = config.model.neighbours,
                                                    .bank_rows = config.model.bank,
                                                    .image_size = config.data.image_size,
                                                    .batch = config.train.batch,
                                                    .samples = samples,
                                                    .confidence = config.model.confidence,
                                                    .temperature = config.model.temperature,
                                                    .bank_momentum = config.model.bank_momentum,
                                                    .weights = config.train.weights,
                                                    .optimiser = optimiser,
                                                    .shard = shard});
}

Trainer::Trainer(Context& context, const Config& config, Faces train, Faces test, bool capture)
    : context_(context),
      shard_(context.communicator().shard()),
      config_(config),
      train_(std::move(train)),
      test_(std::move(test)),
      store_(activation_dtype(config), context.device()),
      model_(make_model(config, train_.list.num_classes(), train_.size(), train_.num_landmarks(),
                        store_, shard_)),
      evaluator_(store_, config.model.backbone, train_.list.num_classes(), config.data.image_size,
                 shard_.rows(config.train.batch)),
      step_work_(capture) {
  if (train_.size() < config.train.batch)
    throw InputError(fmt::format("train.batch: {}; expected at most the {} training faces of {}",
                                 config.train.batch, train_.size(), config.data.root));
  store_.allocate(context, /*for_training=*/true);
  model_->plan(context);
  evaluator_.plan(context);
  context.reserve_workspace(
      augment_workspace_bytes(context, config.data.image_size, shard_.rows(config.train.batch)));

  tables_ = std::make_unique<EpochTables>(context, *model_, steps_per_epoch());
  const int64_t landmarks = train_.num_landmarks();
  memory_ = allocate_tensors(
      context, {{&flip_permutation_, {landmarks}, DType::i32}, {&progress_, {3}, DType::f64}});
  const auto flip = flip_permutation(landmarks);
  upload(context, flip_permutation_, std::vector<int32_t>(flip.begin(), flip.end()));
  std::span<const float> points;
  if (model_->inputs().landmarks) points = train_.landmarks;
  feed_ =
      std::make_unique<PictureFeed>(context, train_.set, shard_.rows(config.train.batch), points);
  context.freeze();
}

void Trainer::initialise(const std::function<void(const std::string&)>& message) {
  store_.initialise(context_, config_.seed);
  refresh_shadows(context_, store_);
  if (!starts_from_knowledge(config_)) initialise_state({});
  if (config_.model.pretrained.empty()) return;
  message(load_pretrained(context_, config_.model.pretrained, config_.model.backbone,
                          config_.model.allow_partial, store_));
}

void Trainer::start_from(const LabelKnowledge& knowledge) {
  LANET_REQUIRE(starts_from_knowledge(config_),
                "method {}, recipe {}: it starts from no knowledge of labels",
                name_of(config_.method), name_of(config_.model.recipe));
  initialise_state(knowledge);
}

void Trainer::initialise_state(const LabelKnowledge& knowledge) {
  model_->initialise_state(
      context_,
      {.seed = static_cast<uint64_t>(config_.seed), .given = train_.given, .knowledge = knowledge});
}

void Trainer::load(const NamedArrays& checkpoint, const std::string& path) {
  const CheckpointInfo info = checkpoint_info(checkpoint, path);
  load_parameters(context_, checkpoint, path, store_);
  load_training_state(context_, checkpoint, path, *model_);
  epochs_done_ = info.epoch;
  steps_done_ = info.steps;
  load_epoch(checkpoint, info, path);
}

void Trainer::add_epoch(TensorSources& checkpoint) const {
  const HostArray order = HostArray::from<int32_t>({std::ssize(epoch_.order)}, epoch_.order);
  checkpoint.arrays[kEpochOrder] = {order.shape, order.dtype, [order] { return order; }};
  // JSON has a number by the shortest digits that give the same bits again.
  const EpochResult& sums = epoch_.sums;
  checkpoint.metadata[kEpochSums] = nlohmann::json{
      {"losses", sums.losses},
      {"learning_rate", sums.learning_rate},
      {"train_accuracy", sums.train_accuracy},
      {"seconds", sums.seconds}}.dump();
}

void Trainer::load_epoch(const NamedArrays& checkpoint, const CheckpointInfo& info,
                         const std::string& path) {
  epoch_ = {.steps = info.epoch_steps, .order = {}, .sums = {}};
  if (epoch_.steps == 0) return;
  const auto order = checkpoint.arrays.find(kEpochOrder);
  const auto sums = checkpoint.metadata.find(kEpochSums);
  if (order == checkpoint.arrays.end() || sums == checkpoint.metadata.end())
    throw InputError(fmt::format("{}: {} steps into an epoch without {} or {}; expected both", path,
                                 epoch_.steps, kEpochOrder, kEpochSums));
  epoch_.order = order->second.to<int32_t>();
  const bool fits = std::ssize(epoch_.order) == train_.size() &&
                    std::all_of(epoch_.order.begin(), epoch_.order.end(),
                                [&](int32_t face) { return face >= 0 && face < train_.size(); });
  if (!fits || epoch_.steps >= steps_per_epoch())
    throw InputError(fmt::format(
        "{}: {} of {} elements and {} steps; expected those of an epoch of "
        "{} faces in {} steps",
        path, kEpochOrder, epoch_.order.size(), epoch_.steps, train_.size(), steps_per_epoch()));
  try {
    const auto json = nlohmann::json::parse(sums->second);
    epoch_.sums = {.losses = json.at("losses").get<std::map<std::string, double>>(),
                   .learning_rate = json.at("learning_rate"),
                   .train_accuracy = json.at("train_accuracy"),
                   .seconds = json.at("seconds")};
  } catch (const nlohmann::json::exception&) {
    throw InputError(fmt::format("{}: metadata '{}' is '{}'; expected the sums of an epoch", path,
                                 kEpochSums, printable(sums->second)));
  }
}

void Trainer::share_state() {
  if (shard_.ranks == 1) return;
  Communicator& communicator = context_.communicator();
  const ParameterStore::Blocks blocks = store_.blocks();
  for (const Tensor& block :
       {blocks.master, blocks.first_moment, blocks.second_moment, blocks.momentum})
    if (block) communicator.broadcast(context_, block);
  for (const Parameter& p : store_.parameters())
    if (!p.trained) communicator.broadcast(context_, store_.master(p));
  for (const NamedState& state : model_->state()) communicator.broadcast(context_, state.tensor);
  write_tensor(context_, progress_,
               {static_cast<double>(epochs_done_), static_cast<double>(steps_done_),
                static_cast<double>(epoch_.steps)});
  communicator.broadcast(context_, progress_);
  const std::vector<double> progress = read_tensor(context_, progress_);
  epochs_done_ = static_cast<int>(progress[0]);
  steps_done_ = static_cast<int64_t>(progress[1]);
  epoch_.steps = static_cast<int64_t>(progress[2]);
  if (epoch_.steps > 0) share_order();
  refresh_shadows(context_, store_);
}

/// Gives all ranks rank 0's order of the epoch under way. Rank 0 alone has the sums of its steps,
/// and reports them.
void Trainer::share_order() {
  const Thawed thawed(context_);
  Tensor order;
  const Buffer memory = allocate_tensors(context_, {{&order, {train_.size()}, DType::i32}});
  epoch_.order.resize(train_.size());
  upload(context_, order, epoch_.order);
  context_.communicator().broadcast(context_, order);
  const std::vector<double> shared = read_tensor(context_, order);
  epoch_.order.assign(shared.begin(), shared.end());
}

double Trainer::learning_rate(int64_t step) const {
  return scheduled_learning_rate(config_.train, steps_per_epoch(), step);
}

/// The labels by which the sampler balances the classes of the next epoch.
std::vector<int32_t> Trainer::sampler_labels() {
  if (config_.train.sampler == Sampler::given) return train_.given;
  std::vector<int32_t> labels(train_.given.size());
  if (config_.train.sampler == Sampler::none) return labels;
  const std::vector<double> estimates = label_estimates();
  const int64_t classes = train_.list.num_classes();
  for (size_t i = 0; i < labels.size(); ++i)
    labels[i] = likeliest_class(std::span(estimates).subspan(i * classes, classes));
  return labels;
}

void Trainer::prepare_epoch() {
  if (epoch_.steps == 0)
    epoch_.order = epoch_order(sampler_labels(), train_.list.num_classes(), epochs_done_,
                               static_cast<int>(config_.train.epochs), config_.seed);
  const std::vector<int32_t>& order = epoch_.order;
  const int64_t batch = config_.train.batch, steps = steps_per_epoch();
  const int64_t rows = shard_.rows(batch);
  EpochInputs inputs{.batch_samples = {order.begin(), order.begin() + steps * batch}};
  for (int64_t i = 0; i < steps * batch; ++i) {
    if (i % batch / rows != shard_.rank) continue;
    const int32_t sample = order[i];
    inputs.pictures.push_back(feed_->place(sample, std::ssize(inputs.samples) % rows));
    inputs.samples.push_back(sample);
    inputs.labels.push_back(train_.given[sample]);
    if (feed_->landmarks()) inputs.valid.push_back(train_.valid[sample]);
    inputs.parameters.push_back(draw_augmentation(config_.seed, static_cast<uint32_t>(epochs_done_),
                                                  static_cast<uint32_t>(i), config_.data.image_size,
                                                  config_.data.augment));
  }
  const int64_t before = steps_done_ - epoch_.steps;
  for (int64_t i = before; i < before + steps; ++i)
    inputs.adam.push_back(model_->adam_values(i + 1, learning_rate(i)));
  tables_->fill(context_, inputs, epoch_.steps);
  epoch_samples_ = std::move(inputs.samples);
  next_step_ = epoch_.steps;
  feed_->prepare(samples_of(next_step_));
}

std::span<const int32_t> Trainer::samples_of(int64_t step) const {
  const int64_t rows = shard_.rows(config_.train.batch);
  return std::span(epoch_samples_).subspan(step * rows, rows);
}

// Everything that changes from step to step lies in memory: this can be captured.
void Trainer::step() {
  feed_->take();
  next_step_ = (next_step_ + 1) % steps_per_epoch();
  // The host has time while a device works on the step, and for hints before it works itself.
  const bool host_works = context_.device() == Device::cpu;
  if (host_works) feed_->prepare(samples_of(next_step_));
  step_work_.run(context_, [&] {
    context_.enter("input", "input", "step");
    tables_->begin_step(context_);
    const StepInputs& in = model_->inputs();
    augment(context_,
            {.images = feed_->images(),
             .sample_indices = tables_->pictures(),
             .parameters = tables_->parameters(),
             .y = in.images->data,
             .landmarks = in.landmarks ? feed_->landmarks() : Tensor{},
             .landmarks_out = in.landmarks ? in.landmarks->data : Tensor{},
             .flip_permutation = config_.data.flip_swap_landmarks ? flip_permutation_ : Tensor{},
             .mean = kPictureMean,
             .std = kPictureDeviation});
    model_->step(context_);
    context_.enter("results", "results", "step");
    tables_->end_step(context_);
  });
  if (!host_works) feed_->prepare(samples_of(next_step_));
  ++steps_done_;
  stepped_ = true;
}

void Trainer::add_results(const std::vector<StepResult>& steps) {
  const double epoch_steps = static_cast<double>(steps_per_epoch());
  EpochResult& sums = epoch_.sums;
  for (const StepResult& step : steps) {
    ++epoch_.steps;
    for (size_t t = 0; t < step.losses.size(); ++t) {
      const NamedLoss& term = model_->losses()[t];
      const double value = step.losses[t];
      if (!std::isfinite(value))
        throw Error(fmt::format("loss {} is {} in epoch {}, step {}: training cannot continue",
                                term.name, value, epochs_done_ + 1, epoch_.steps));
      sums.losses[term.name] += value / epoch_steps;
      sums.losses["total"] += term.weight * value / epoch_steps;
    }
    sums.train_accuracy += static_cast<double>(step.correct) / static_cast<double>(sums.images);
  }
}

std::optional<EpochResult> Trainer::run_epoch(const StepCallback& callback) {
  LANET_REQUIRE(epochs_done_ < config_.train.epochs, "{} epochs are done of {}", epochs_done_,
                config_.train.epochs);
  using Clock = std::chrono::steady_clock;
  auto reported = Clock::now();
  prepare_epoch();
  const int64_t steps = steps_per_epoch(), every = config_.checkpoint.every_steps;
  const int64_t steps_a_report = context_.device() == Device::cuda ? kCudaStepsPerReport : 1;
  EpochResult& sums = epoch_.sums;
  sums.epoch = epochs_done_ + 1;
  sums.images = steps * config_.train.batch;
  for (int64_t done = epoch_.steps + 1; done <= steps; ++done) {
    sums.learning_rate = learning_rate(steps_done_);
    step();
    const bool may_save = every > 0 && steps_done_ % every == 0;
    if (done - epoch_.steps < steps_a_report && done < steps && !may_save) continue;
    add_results(tables_->read(context_, epoch_.steps, done - epoch_.steps));
    const auto now = Clock::now();
    sums.seconds += std::chrono::duration<double>(now - reported).count();
    const bool go_on =
        !callback || callback(done, sums.losses["total"] * static_cast<double>(steps) /
                                        static_cast<double>(done));
    reported = callback ? Clock::now() : now;  // what the callback takes is not training
    if (!go_on && done < steps) return std::nullopt;
  }
  ++epochs_done_;
  return std::exchange(epoch_, {}).sums;
}

Confusion Trainer::evaluate() {
  return evaluator_.evaluate(context_, test_.set, test_.judged_by);
}

TensorSources Trainer::checkpoint(bool with_state) {
  const CheckpointInfo info{.config = config_,
                            .classes = train_.list.classes,
                            .epoch = epochs_done_,
                            .steps = steps_done_,
                            .epoch_steps = epoch_.steps};
  TensorSources checkpoint = save_parameters(context_, store_, info);
  if (!with_state) return checkpoint;
  add_training_state(context_, *model_, info, checkpoint);
  if (epoch_.steps > 0) add_epoch(checkpoint);
  return checkpoint;
}

std::vector<double> Trainer::label_estimates() {
  return model_->label_estimates(context_, train_.given);
}

double Trainer::neighbour_entropy() {
  return stepped_ ? model_->neighbour_entropy(context_) : std::numeric_limits<double>::quiet_NaN();
}

std::string Trainer::labels_csv() {
  const std::vector<double> estimates = label_estimates();
  if (estimates.empty()) return "";
  return label_table_csv(train_.list.names, train_.given, train_.list.classes, estimates);
}

}  // namespace lanet
