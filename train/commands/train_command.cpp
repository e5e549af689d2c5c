// train: a run from a configuration to checkpoints and metrics.
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/cuda/devices.h"
#include "core/files/file.h"
#include "core/plan_table.h"
#include "data/noise.h"
#include "train/commands/commands.h"
#include "train/commands/session.h"
#include "train/data_digest.h"
#include "train/dtype_choice.h"
#include "train/environment.h"
#include "train/judge.h"
#include "train/labels/confident_learning.h"
#include "train/labels/label_knowledge.h"
#include "train/memory_forecast.h"
#include "train/pretrained.h"
#include "train/progress.h"
#include "train/ranks/ranks.h"
#include "train/report/report.h"
#include "train/resumed_run.h"
#include "train/run_record.h"
#include "train/stop_signals.h"
#include "train/tensorboard/projector.h"
#include "train/training_loop.h"

namespace lanet {

namespace {

constexpr const char* kPlans = "plans.json";
constexpr const char* kClasses = "classes.json";
constexpr const char* kChannel = "channel.csv";

std::string summary_line(const Summary& summary) {
  return fmt::format(
      "best epoch {} (by {}): {:.4f}  last epoch {}: {:.4f}  mean of the last five: {:.4f}, "
      "balanced {:.4f}",
      summary.best_epoch, summary.best.validation ? "validation" : "the test set",
      summary.best.accuracy, summary.last_epoch, summary.last.accuracy, summary.mean_last_five,
      summary.mean_last_five_balanced);
}

/// The table that convolutions are planned with on CUDA; none on the CPU. Only rank 0 reads files;
/// the others receive its table.
std::optional<PlanTable> open_plans(const TrainOptions& options, Device device,
                                    const std::filesystem::path& run, bool resumes, bool first) {
  if (device == Device::cpu) {
    if (!options.plans.empty() || options.retune)
      throw InputError("--plans and --retune are for --device cuda; this run is on the CPU");
    return std::nullopt;
  }
  const std::string machine = machine_for_plans();
  if (!first) return PlanTable(machine);
  if (!options.plans.empty()) return PlanTable::read(options.plans, machine);
  if (resumes && !options.retune) {
    if (std::filesystem::exists(run / kPlans)) return PlanTable::read(run / kPlans, machine);
    say(fmt::format(
        "{}: no {} in it (the run may have been on the CPU so far); choosing engines now",
        run.string(), kPlans));
  }
  return PlanTable(machine);
}

/// One run, on one rank or several. Everything is read and checked before anything is created or
/// printed, so that a refusal is one line.
class Run {
 public:
  Run(const TrainOptions& options, Ranks& ranks) : options_(options), ranks_(ranks) {}

  void open() {
    path_ = options_.run;
    session_.emplace(ranks_, [&] {
      config_ = load_config(options_.config, options_.overrides);
      check_trainable(config_, options_.config);
      check_batch("train.batch", config_.train.batch, least_batch(config_), ranks_.size());
      // The folder is rank 0's alone, and what it starts from.
      if (ranks_.first()) open_folder();
      if (ranks_.first() && !resumes() && !config_.model.pretrained.empty()) check_pretrained();
      return placement_of(config_.train);
    });
    context_ = &session_->context();
    settle_dtype();
    require_same_config();
    ranks_.agree([&] {
      plans_ = open_plans(options_, context_->device(), path_, resumes(), ranks_.first());
      if (plans_) context_->set_plans(&*plans_);
      require_memory(config_, context_->device(), free_memory(*context_).here(), ranks_.size());
      read_data();
    });
    compare_data();
    ranks_.agree([&] {
      if (!resumes()) return;
      require_same_classes(checkpoint_info(checkpoint_, checkpoint_file_), checkpoint_file_,
                           train_.list.classes);
      train_.given = read_noise_csv((path_ / RunFolder::kNoise).string(), train_.list.names,
                                    train_.judged_by, train_.list.class_names());
    });
    ranks_.share(train_.given);
    ranks_.plan(*context_, [&] { make_trainer(); });
    if (plans_ && plans_->not_tuned() > 0 && ranks_.first())
      say(
          fmt::format("{} convolutions use cuDNN's default engine: no time or memory was left to "
                      "time others",
                      plans_->not_tuned()));
  }

  /// Returns the exit code: 0 once all epochs are done, 128 + n if signal n ended them.
  int run() {
    ranks_.agree([&] {
      if (ranks_.first()) begin_record();
    });
    trainer_->share_state();
    TrainingLoop loop(*context_, config_, *trainer_, validation_, record_ ? &*record_ : nullptr,
                      signals_);
    signals_.hold(true);
    const int signal = loop.run();
    signals_.hold(false);
    if (!ranks_.first()) return signal == 0 ? 0 : 128 + signal;
    if (signal == 0) {
      finish();
      return 0;
    }
    // Of several ranks the launcher was sent the signal, and sent them another.
    say(fmt::format(
        "lanet-cuda: stopped by {} after {}; to continue, run the same command with "
        "--run {} --resume",
        ranks_.size() == 1 ? signal_name(signal) : "a signal", loop.progress(), path_.string()));
    return 128 + signal;
  }

 private:
  void open_folder() {
    if (path_.empty()) path_ = default_run_path(options_.config);
    const bool continues =
        options_.resume || (options_.resume_or_start && !RunFolder::is_free(path_));
    if (!continues) {
      RunFolder::require_free(path_);
      RunFolder::require_writable(path_);
      return;
    }
    ResumedRun run = open_to_resume(path_, config_);
    messages_ = std::move(run.messages);
    checkpoint_ = std::move(run.checkpoint);
    checkpoint_file_ = run.file;
    if (run.has_checkpoint())
      record_.emplace(std::move(run.folder), config_, checkpoint_, checkpoint_file_);
    else
      unbegun_ = std::move(run.folder);
  }

  /// Whether it goes on from a checkpoint. Rank 0 knows.
  bool resumes() const { return !checkpoint_file_.empty(); }

  void check_pretrained() const {
    std::string path = config_.model.pretrained;
    read_pretrained(path, config_.model.backbone, config_.model.allow_partial);
  }

  /// InputError unless the data are those of the other ranks and those that the run began with.
  void compare_data() {
    data_ = {{"training", digest(*context_, train_)}, {"test", digest(*context_, test_)}};
    if (validation_.size() > 0) data_["validation"] = digest(*context_, validation_);
    for (const auto& [set, digests] : data_.items())
      ranks_.require_same(set + " set", digests.dump());
    ranks_.agree([&] {
      const std::filesystem::path file = path_ / RunFolder::kData;
      if (!resumes() || !std::filesystem::exists(file)) return;
      const nlohmann::ordered_json then = read_data_digests(file);
      for (const auto& [set, digests] : data_.items())
        require_same_data(digests, then.contains(set) ? then[set] : nlohmann::ordered_json(),
                          set + " set", config_.data.root, file.string());
    });
  }

  /// A default name that another run has taken since is left to it.
  RunFolder new_folder() {
    while (true) {
      try {
        return RunFolder::create(path_, config_, describe_environment());
      } catch (const InputError&) {
        const std::filesystem::path next = default_run_path(options_.config);
        if (!options_.run.empty() || next == path_) throw;
        path_ = next;
      }
    }
  }

  /// Rank 0 measures for all, or takes the type of the run that is resumed.
  void settle_dtype() {
    const bool open = config_.train.dtype == DTypeSetting::automatic;
    std::string chosen;
    ranks_.agree([&] {
      if (!ranks_.first()) return;
      if (std::string line = choose_dtype(config_, *context_); !line.empty())
        messages_.push_back(std::move(line));
      chosen = name_of(config_.train.dtype);
    });
    ranks_.share(chosen);
    if (open) config_.train.dtype = choice_from<DTypeSetting>(chosen);
  }

  /// Folders may differ between machines, and where pictures are kept; the data themselves are
  /// compared later. Only rank 0 reads the backbone.
  void require_same_config() {
    Config config = config_;
    for (std::string* path : {&config.data.root, &config.data.cache, &config.data.corrections,
                              &config.data.noise.file, &config.data.noise.rates})
      path->clear();
    config.data.residency = {};
    config.model.pretrained.clear();
    ranks_.require_same("configuration", to_json(config).dump());
  }

  void read_data() {
    const bool quiet = !ranks_.first();
    const DataSet set = open_data_set(config_.data);
    train_ = read_faces(*context_, config_, set, Split::train, reads_landmarks(config_), quiet);
    test_ = read_faces(*context_, config_, set, Split::test, /*with_landmarks=*/false, quiet);
    validation_ = read_validation(*context_, config_, set, train_, quiet);
    if (!set.message.empty()) messages_.push_back(set.message);
    for (std::string& line :
         one_sided_classes(train_.list.classes, train_.list.labels, test_.list.labels))
      messages_.push_back(std::move(line));
    require_landmarks();
  }

  void require_landmarks() {
    if (!starts_from_knowledge(config_) || !reads_landmarks(config_)) return;
    const auto valid =
        std::count_if(train_.valid.begin(), train_.valid.end(), [](uint8_t v) { return v != 0; });
    if (valid < kShapeFolds)
      throw InputError(fmt::format(
          "data.landmarks: {}: {} of {} training faces have valid landmarks; expected at least {}",
          config_.data.landmarks.empty() ? config_.data.root : config_.data.landmarks, valid,
          train_.size(), kShapeFolds));
  }

  void make_trainer() {
    faces_ = fmt::format(
        "{} training{} and {} test faces at {} px", train_.size(),
        validation_.size() > 0 ? fmt::format(", {} validation", validation_.size()) : "",
        test_.size(), config_.data.image_size);
    // Steps of several ranks are not captured yet: NCCL's part in that is unproven here.
    trainer_.emplace(*context_, config_, std::move(train_), std::move(test_),
                     options_.graph && ranks_.size() == 1);
    if (!ranks_.first()) return;
    if (resumes())
      load_checkpoint();
    else
      trainer_->initialise([&](const std::string& line) { messages_.push_back(line); });
    checkpoint_ = {};
    RunFolder::require_room(path_, safetensors_bytes(trainer_->checkpoint(/*with_state=*/true)),
                            safetensors_bytes(trainer_->checkpoint(/*with_state=*/false)));
  }

  void load_checkpoint() {
    const CheckpointInfo info = checkpoint_info(checkpoint_, checkpoint_file_);
    const int64_t steps = info.epoch * trainer_->steps_per_epoch() + info.epoch_steps;
    if (info.steps != steps)
      throw InputError(fmt::format("{}: {} steps after {}; expected {}, at {} per epoch",
                                   checkpoint_file_, info.steps, to_string(info), steps,
                                   trainer_->steps_per_epoch()));
    trainer_->load(checkpoint_, checkpoint_file_);
  }

  void begin_record() {
    report_environment(session_->choice());
    if (ranks_.size() > 1)
      say(fmt::format("{} ranks over {}, {} faces per step on each", ranks_.size(),
                      context_->communicator().name(), ranks_.shard().rows(config_.train.batch)));
    say(faces_);
    for (const std::string& line : messages_) say(line);
    if (record_) {
      record_->restore(*trainer_);
      record_->folder().write_config(config_);
    } else {
      RunFolder folder = unbegun_ ? std::move(*unbegun_) : new_folder();
      folder.begin_again(config_, describe_environment());
      record_.emplace(std::move(folder));
      const Faces& faces = trainer_->training_faces();
      write_text(record_->folder().file(kClasses),
                 nlohmann::json(faces.list.classes).dump() + "\n");
      write_noise_csv(record_->folder().file(RunFolder::kNoise), faces.list.names, faces.judged_by,
                      faces.given, faces.list.class_names());
      if (starts_from_knowledge(config_)) trainer_->start_from(learn_of_labels());
    }
    const auto data = record_->folder().file(RunFolder::kData);
    if (!resumes() || !std::filesystem::exists(data)) write_text(data, data_.dump(2) + "\n");
    if (config_.train.tensorboard) record_->begin_events(trainer_->training_faces().list.classes);
    if (plans_) plans_->write(record_->folder().file(kPlans));
    say(fmt::format("run: {}", path_.string()));
  }

  /// What is known about the labels before the first epoch. Takes a while.
  LabelKnowledge learn_of_labels() {
    return reads_landmarks(config_) ? learn_from_landmarks() : learn_from_other_networks();
  }

  LabelKnowledge learn_from_landmarks() {
    LabelKnowledge knowledge = learn_label_knowledge(
        trainer_->training_faces(),
        {.shapes = config_.model.shapes,
         .batch = config_.train.batch,
         .neighbours = config_.model.neighbours,
         .noise_floor = config_.model.noise_floor,
         .device = context_->device(),
         .threads = context_->threads(),
         .seed = static_cast<uint64_t>(config_.seed),
         .message = say,
         .progress = progress_function("learning from the landmarks", "steps")});
    write_text(record_->folder().file(kChannel),
               channel_csv(knowledge.channel, trainer_->training_faces().list.classes));
    return config_.method == Method::corrected
               ? corrected_once(knowledge, trainer_->training_faces().given)
               : knowledge;
  }

  LabelKnowledge learn_from_other_networks() {
    const std::vector<double> probabilities = cross_validated_probabilities(
        config_, trainer_->training_faces(), context_->device(), context_->threads(),
        plans_ ? &*plans_ : nullptr, progress_function("cross-validating the labels", "img"));
    const std::vector<int32_t>& given = trainer_->training_faces().given;
    const int64_t classes = trainer_->training_faces().list.num_classes();
    const std::vector<uint8_t> wrong = confidently_wrong(probabilities, given, classes);
    say(fmt::format("confident learning: {} of {} labels look wrong; their faces are left out",
                    std::count(wrong.begin(), wrong.end(), 1), wrong.size()));
    return without_wrong(wrong, given, classes);
  }

  void finish() {
    say(summary_line(record_->summary()));
    write_at_end("the report", [&] {
      write_text(record_->folder().file(RunFolder::kReport), run_report({path_}, {}));
    });
    if (config_.train.tensorboard)
      write_at_end("the features for TensorBoard", [&] {
        write_projector(
            path_, project_test_faces(*context_, trainer_->evaluator(), trainer_->test_faces()));
      });
  }

  /// The run is finished whether or not this can be done.
  void write_at_end(const std::string& what, const std::function<void()>& write) {
    try {
      write();
    } catch (const std::exception& error) {
      say(fmt::format("{}: {} was not written: {}", path_.string(), what, error.what()));
    }
  }

  const TrainOptions& options_;
  Ranks& ranks_;
  Config config_;
  std::filesystem::path path_;  // of the run folder; empty where only rank 0 chose one
  // Rank 0's, to continue from: a checkpoint, or a folder of a run that has none.
  NamedArrays checkpoint_;
  std::string checkpoint_file_;
  std::optional<RunFolder> unbegun_;
  nlohmann::ordered_json data_;  // digests
  std::optional<PlanTable> plans_;
  std::optional<RankedSession> session_;
  Context* context_ = nullptr;  // the session's
  Faces train_, validation_, test_;
  std::string faces_;
  std::vector<std::string> messages_;
  std::optional<RunRecord> record_;  // rank 0's
  std::optional<Trainer> trainer_;
  StopSignals signals_;
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
    check_batch("train.batch", config.train.batch, least_batch(config),
                options.local_ranks.count());
    return launch_ranks(options.local_ranks, options.arguments);
  }
  // Outside, so that a failure of a rank is reported before its memory is freed, which may wait for
  // a device that waits for others.
  std::optional<Run> run;
  return run_on_ranks([&](Ranks& ranks) {
    run.emplace(options, ranks);
    run->open();
    const int code = run->run();
    run.reset();
    return code;
  });
}

}  // namespace lanet
