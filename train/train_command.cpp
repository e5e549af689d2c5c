// train: a run from a configuration to checkpoints and metrics.
#include <fmt/format.h>

#include "core/file.h"
#include "core/plan_table.h"
#include "data/noise.h"
#include "train/commands.h"
#include "train/environment.h"
#include "train/progress.h"
#include "train/run_folder.h"
#include "train/session.h"
#include "train/trainer.h"

namespace lanet {

namespace {

using nlohmann::ordered_json;

constexpr const char* kLast = "last.safetensors";
constexpr const char* kBest = "best.safetensors";
constexpr const char* kPlans = "plans.json";

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

void train_epochs(Trainer& trainer, const Config& config, RunFolder& folder) {
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
    const Summary summary = summarize(accuracies);

    // The checkpoint to go on from comes last: what lies beyond it is made again.
    folder.append_metrics(metrics_line(result, test));
    folder.write_summary(summary);
    if (summary.best_epoch == epoch)
      write_safetensors(folder.file(kBest), trainer.checkpoint(/*with_state=*/false));
    if (const std::string labels = trainer.labels_csv(); !labels.empty())
      write_text(folder.file("labels.csv"), labels);
    write_safetensors(folder.file(kLast), trainer.checkpoint(/*with_state=*/true));

    std::string losses;
    for (const auto& [name, value] : result.losses)
      losses += fmt::format("  {} {:.4f}", name, value);
    progress.message(fmt::format("epoch {}/{}{}  train {:.4f}  test {:.4f}  {:.1f} img/s", epoch,
                                 epochs, losses, result.train_accuracy, test.accuracy(),
                                 static_cast<double>(result.images) / result.seconds));
  }
  progress.finish();
  const Summary summary = summarize(accuracies);
  fmt::print(stderr,
             "best epoch {}: {:.4f}  last epoch {}: {:.4f}  mean of the last five: {:.4f}\n",
             summary.best_epoch, summary.best_accuracy, summary.last_epoch, summary.last_accuracy,
             summary.mean_last_five);
}

/// What the convolutions are planned by on CUDA; absent on the CPU.
std::optional<PlanTable> open_plans(const TrainOptions& options, Device device,
                                    const std::filesystem::path& run) {
  if (device == Device::cpu) {
    if (!options.plans.empty() || options.retune)
      throw InputError("--plans and --retune are for --device cuda; this is the cpu");
    return std::nullopt;
  }
  const std::string machine = machine_for_plans();
  if (!options.plans.empty()) return PlanTable::read(options.plans, machine);
  if (options.resume && !options.retune) {
    if (std::filesystem::exists(run / kPlans)) return PlanTable::read(run / kPlans, machine);
    say(fmt::format("{}: no {} in it (it was on the cpu so far?): engines are chosen anew",
                    run.string(), kPlans));
  }
  return PlanTable(machine);
}

}  // namespace

int run_train(const TrainOptions& options) {
  const Config config = load_config(options.config, options.overrides);
  check_trainable(config, options.config);
  const bool lanet = config.method == "lanet";
  const std::filesystem::path path =
      options.run.empty() ? default_run_path(options.config) : std::filesystem::path(options.run);
  if (!options.resume && std::filesystem::exists(path) && !std::filesystem::is_empty(path))
    throw InputError(
        fmt::format("{}: exists; a run is never overwritten: choose another --run, or "
                    "go on with it by --resume",
                    path.string()));
  const DeviceChoice choice = choose_device(config.train.device);
  Context context(choice.device, static_cast<int>(config.train.threads));
  context.set_tf32(config.train.tf32);

  const std::string last = (path / kLast).string(), noise = (path / "noise.csv").string();
  NamedArrays checkpoint;
  if (options.resume) {
    const RunFolder folder = RunFolder::open(path);
    require_same(config, folder.config(), folder);
    if (!std::filesystem::exists(last))
      throw InputError(
          fmt::format("{}: no {} in it; the run has not finished an epoch, and there "
                      "is nothing to go on from",
                      path.string(), kLast));
    checkpoint = read_checkpoint(last);
  }
  std::optional<PlanTable> plans = open_plans(options, choice.device, path);
  if (plans) context.set_plans(&*plans);
  // Everything that can be wrong with the input is found before the run folder is made, and before
  // anything is said but how far a long decoding is: a refusal is one line.
  Faces train = read_faces(context, config, Split::train, lanet);
  Faces test = read_faces(context, config, Split::test, /*with_landmarks=*/false);
  const FaceList list = train.list;
  const std::vector<int32_t> labels =
      options.resume ? read_noise_csv(noise, list.names, list.labels, kExpressionNames)
                     : noisy_labels(config, train);
  const std::string faces = fmt::format("{} training and {} test faces at {} px", train.size(),
                                        test.size(), config.data.image_size);
  Trainer trainer(context, config, std::move(train), std::move(test), labels, options.graph);
  std::vector<std::string> messages;
  if (options.resume)
    trainer.load(checkpoint, last);
  else
    trainer.initialise([&](const std::string& line) { messages.push_back(line); });

  report_environment(choice);
  say(faces);
  for (const std::string& line : messages) say(line);
  RunFolder folder = options.resume ? RunFolder::open(path)
                                    : RunFolder::create(path, config, describe_environment());
  if (options.resume)
    folder.truncate_metrics(trainer.epochs_done());
  else
    write_noise_csv(noise, list.names, list.labels, labels, kExpressionNames);
  if (plans) plans->write(folder.file(kPlans));
  say(fmt::format("run: {}", path.string()));
  train_epochs(trainer, config, folder);
  return 0;
}

}  // namespace lanet
