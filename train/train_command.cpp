// train: a run from a configuration to checkpoints and metrics.
#include <fmt/format.h>

#include "core/cuda/devices.h"
#include "core/file.h"
#include "core/plan_table.h"
#include "data/noise.h"
#include "train/commands.h"
#include "train/environment.h"
#include "train/progress.h"
#include "train/ranks.h"
#include "train/run_folder.h"
#include "train/session.h"
#include "train/trainer.h"

namespace lanet {

namespace {

using nlohmann::ordered_json;

constexpr const char* kLast = "last.safetensors";
constexpr const char* kBest = "best.safetensors";
constexpr const char* kPlans = "plans.json";
constexpr const char* kNoise = "noise.csv";

/// A run goes on only as what it was started: device and threads may differ, nothing else.
void require_same(const Config& now, const Config& then, const RunFolder& folder) {
  Config same = now;
  same.train.device = then.train.device;
  same.train.threads = then.train.threads;
  const ordered_json a = to_json(same).flatten(), b = to_json(then).flatten();
  for (const auto& [pointer, value] : b.items()) {
    if (a.at(pointer) == value) continue;
    std::string path = pointer.substr(1);
    std::replace(path.begin(), path.end(), '/', '.');
    throw InputError(fmt::format("{}: {}: the run was started with {}; expected that, not {}",
                                 folder.path().string(), path, value.dump(), a.at(pointer).dump()));
  }
}

std::vector<int32_t> noisy_labels(const Config& config, const Faces& train) {
  const NoiseKind kind =
      config.data.noise.kind == "symmetric" ? NoiseKind::symmetric : NoiseKind::class_dependent;
  return add_label_noise(train.list.labels, kNumExpressions, config.data.noise.rate, kind,
                         static_cast<uint64_t>(config.seed));
}

ordered_json metrics_line(const EpochResult& epoch, const Confusion& test) {
  const ordered_json accuracy = to_json(test);
  return {{"epoch", epoch.epoch},
          {"losses", epoch.losses},
          {"learning_rate", epoch.learning_rate},
          {"train_accuracy", epoch.train_accuracy},
          {"test_accuracy", accuracy["accuracy"]},
          {"test_balanced_accuracy", accuracy["balanced_accuracy"]},
          {"test_recall", accuracy["recall"]},
          {"images_per_second", static_cast<double>(epoch.images) / epoch.seconds},
          {"seconds", epoch.seconds}};
}

/// Rank 0's record of an epoch that is done. The checkpoint to go on from comes last: what lies
/// beyond it is made again.
void write_epoch(RunFolder& folder, Trainer& trainer, const EpochResult& result,
                 const Confusion& test, const Summary& summary) {
  folder.append_metrics(metrics_line(result, test));
  folder.write_summary(summary);
  if (summary.best_epoch == result.epoch)
    write_safetensors(folder.file(kBest), trainer.checkpoint(/*with_state=*/false));
  if (const std::string labels = trainer.labels_csv(); !labels.empty())
    write_text(folder.file("labels.csv"), labels);
  write_safetensors(folder.file(kLast), trainer.checkpoint(/*with_state=*/true));
}

std::string epoch_line(const EpochResult& result, int epochs, const Confusion& test) {
  std::string losses;
  for (const auto& [name, value] : result.losses) losses += fmt::format("  {} {:.4f}", name, value);
  return fmt::format("epoch {}/{}{}  train {:.4f}  test {:.4f}  {:.1f} img/s", result.epoch, epochs,
                     losses, result.train_accuracy, test.accuracy(),
                     static_cast<double>(result.images) / result.seconds);
}

/// The epochs on rank 0, which tells and writes of them. `context` is the trainer's.
void lead_epochs(Trainer& trainer, Context& context, const Config& config, RunFolder& folder) {
  const int64_t per_epoch = trainer.steps_per_epoch(), batch = config.train.batch;
  const int epochs = static_cast<int>(config.train.epochs);
  Progress progress("img", epochs * per_epoch * batch);
  std::vector<double> accuracies;
  for (const auto& line : folder.metrics()) accuracies.push_back(line.at("test_accuracy"));
  while (trainer.epochs_done() < epochs) {
    const int epoch = trainer.epochs_done() + 1;
    const EpochResult result = trainer.run_epoch([&](int64_t step, double loss) {
      progress.update(((epoch - 1) * per_epoch + step) * batch,
                      fmt::format("epoch {}/{}  loss {:.4f}", epoch, epochs, loss));
    });
    const Confusion test = trainer.evaluate();
    accuracies.push_back(test.accuracy());
    write_epoch(folder, trainer, result, test, summarize(accuracies));
    context.communicator().barrier(context);
    progress.message(epoch_line(result, epochs, test));
  }
  progress.finish();
  const Summary summary = summarize(accuracies);
  fmt::print(stderr,
             "best epoch {}: {:.4f}  last epoch {}: {:.4f}  mean of the last five: {:.4f}\n",
             summary.best_epoch, summary.best_accuracy, summary.last_epoch, summary.last_accuracy,
             summary.mean_last_five);
}

/// The epochs on any other rank. None is done before rank 0 has written it.
void follow_epochs(Trainer& trainer, Context& context, const Config& config) {
  while (trainer.epochs_done() < config.train.epochs) {
    trainer.run_epoch();
    trainer.evaluate();
    context.communicator().barrier(context);
  }
}

/// The table that convolutions are planned with on CUDA; none on the CPU. Only rank 0 reads files;
/// the others receive its table.
std::optional<PlanTable> open_plans(const TrainOptions& options, Device device,
                                    const std::filesystem::path& run, bool first) {
  if (device == Device::cpu) {
    if (!options.plans.empty() || options.retune)
      throw InputError("--plans and --retune are for --device cuda; this is the cpu");
    return std::nullopt;
  }
  const std::string machine = machine_for_plans();
  if (!first) return PlanTable(machine);
  if (!options.plans.empty()) return PlanTable::read(options.plans, machine);
  if (options.resume && !options.retune) {
    if (std::filesystem::exists(run / kPlans)) return PlanTable::read(run / kPlans, machine);
    say(fmt::format("{}: it has no {} (has it only run on the CPU so far?): engines are chosen now",
                    run.string(), kPlans));
  }
  return PlanTable(machine);
}

/// One run, on one rank or several: what is read before anything is made or said, so that a refusal
/// is one line.
class Run {
 public:
  Run(const TrainOptions& options, Ranks& ranks) : options_(options), ranks_(ranks) {}

  void open() {
    path_ = options_.run;
    ranks_.agree([&] {
      config_ = load_config(options_.config, options_.overrides);
      check_trainable(config_, options_.config);
      check_batch("train.batch", config_.train.batch, config_.model.neighbours + 2, ranks_.size());
      // The folder is rank 0's alone.
      if (ranks_.first()) open_folder();
      choice_ = ranks_.choose_device(config_.train.device);
    });
    require_same_program(ranks_, choice_);
    context_.emplace(choice_.device, ranks_.threads(config_.train.threads));
    context_->set_tf32(config_.train.tf32);
    ranks_.join(*context_);
    require_same_ranks();
    ranks_.agree([&] {
      plans_ = open_plans(options_, choice_.device, path_, ranks_.first());
      if (plans_) context_->set_plans(&*plans_);
      read_data();
    });
    if (ranks_.size() > 1) {
      ranks_.require_same("training set", digest(*context_, train_));
      ranks_.require_same("test set", digest(*context_, test_));
      ranks_.share(labels_);
    }
    ranks_.plan(*context_, [&] { make_trainer(); });
    if (plans_ && plans_->not_tuned() > 0 && ranks_.first())
      say(
          fmt::format("{} convolutions use cuDNN's default engine: no time or memory was left to "
                      "time others",
                      plans_->not_tuned()));
    trainer_->share_state();
  }

  void run() {
    std::optional<RunFolder> folder;
    ranks_.agree([&] {
      if (ranks_.first()) folder = begin_folder();
    });
    if (folder)
      lead_epochs(*trainer_, *context_, config_, *folder);
    else
      follow_epochs(*trainer_, *context_, config_);
  }

 private:
  void open_folder() {
    if (path_.empty()) path_ = default_run_path(options_.config);
    if (!options_.resume) {
      if (std::filesystem::exists(path_) && !std::filesystem::is_empty(path_))
        throw InputError(
            fmt::format("{}: exists; a run is never overwritten: choose another --run, or "
                        "go on with it by --resume",
                        path_.string()));
      return;
    }
    const RunFolder folder = RunFolder::open(path_);
    require_same(config_, folder.config(), folder);
    if (!std::filesystem::exists(path_ / kLast))
      throw InputError(
          fmt::format("{}: no {} in it; the run has not finished an epoch, and there "
                      "is nothing to go on from",
                      path_.string(), kLast));
    checkpoint_ = read_checkpoint((path_ / kLast).string());
  }

  /// The data may lie elsewhere on another machine: what it is, is compared by itself. The backbone
  /// is rank 0's to read.
  void require_same_ranks() {
    Config config = config_;
    config.data.root.clear();
    config.model.pretrained.clear();
    require_same_program(ranks_, choice_);
    ranks_.require_same("configuration", to_json(config).dump());
  }

  void read_data() {
    const bool quiet = !ranks_.first();
    train_ = read_faces(*context_, config_, Split::train, config_.method == "lanet", quiet);
    test_ = read_faces(*context_, config_, Split::test, /*with_landmarks=*/false, quiet);
    list_ = train_.list;
    labels_ =
        options_.resume && ranks_.first()
            ? read_noise_csv((path_ / kNoise).string(), list_.names, list_.labels, kExpressionNames)
            : noisy_labels(config_, train_);
  }

  void make_trainer() {
    faces_ = fmt::format("{} training and {} test faces at {} px", train_.size(), test_.size(),
                         config_.data.image_size);
    // Steps of several ranks are not captured yet: NCCL's part in that is unproven here.
    trainer_.emplace(*context_, config_, std::move(train_), std::move(test_), labels_,
                     options_.graph && ranks_.size() == 1);
    if (!ranks_.first()) return;
    if (options_.resume)
      trainer_->load(checkpoint_, (path_ / kLast).string());
    else
      trainer_->initialise([&](const std::string& line) { messages_.push_back(line); });
    checkpoint_ = {};
  }

  RunFolder begin_folder() {
    report_environment(choice_);
    if (ranks_.size() > 1)
      say(fmt::format("{} ranks by {}, {} faces a step each", ranks_.size(),
                      context_->communicator().name(), ranks_.shard().rows(config_.train.batch)));
    say(faces_);
    for (const std::string& line : messages_) say(line);
    RunFolder folder = options_.resume ? RunFolder::open(path_)
                                       : RunFolder::create(path_, config_, describe_environment());
    if (options_.resume)
      folder.truncate_metrics(trainer_->epochs_done());
    else
      write_noise_csv((path_ / kNoise).string(), list_.names, list_.labels, labels_,
                      kExpressionNames);
    if (plans_) plans_->write(folder.file(kPlans));
    say(fmt::format("run: {}", path_.string()));
    return folder;
  }

  const TrainOptions& options_;
  Ranks& ranks_;
  Config config_;
  std::filesystem::path path_;  // of the run folder; empty where only rank 0 chose one
  NamedArrays checkpoint_;      // rank 0's, to go on from
  DeviceChoice choice_;
  std::optional<PlanTable> plans_;
  std::optional<Context> context_;
  Faces train_, test_;
  FaceList list_;
  std::vector<int32_t> labels_;
  std::string faces_;
  std::vector<std::string> messages_;
  std::optional<Trainer> trainer_;
};

/// Whether there are GPUs at all; each rank tries its own, and this process uses none.
void require_gpus() {
#ifdef LANET_HAVE_CUDA
  if (cuda::device_count() == 0) throw InputError("--gpus: there is no GPU");
#else
  throw InputError(fmt::format("--gpus: {}", device_problem(Device::cuda)));
#endif
}

}  // namespace

int run_train(const TrainOptions& options) {
  if (options.local_ranks.count() > 0) {
    require_one_process("--ranks and --gpus");
    if (!options.local_ranks.gpus.empty()) require_gpus();
    const Config config = load_config(options.config, options.overrides);
    check_trainable(config, options.config);
    check_batch("train.batch", config.train.batch, config.model.neighbours + 2,
                options.local_ranks.count());
    return launch_ranks(options.local_ranks, options.arguments);
  }
  // Outside: what ends a rank is told before its memory is freed, which may wait for a device that
  // waits for others.
  std::optional<Run> run;
  return run_on_ranks([&](Ranks& ranks) {
    run.emplace(options, ranks);
    run->open();
    run->run();
    run.reset();
    return 0;
  });
}

}  // namespace lanet
