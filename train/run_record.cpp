#include "train/run_record.h"

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <sstream>

#include "core/files/file.h"

namespace lanet {

namespace {

/// Metadata of last.safetensors: metrics_digest() of each line of metrics.jsonl, with spaces
/// between.
constexpr const char* kDigests = "metrics";

/// The digests that a checkpoint has of `epochs` lines; none if it was written by a program that
/// knew of none.
std::vector<std::string> digests_of(const NamedArrays& last, const std::string& path, int epochs) {
  const auto found = last.metadata.find(kDigests);
  if (found == last.metadata.end()) return {};
  std::istringstream words(found->second);
  std::vector<std::string> digests((std::istream_iterator<std::string>(words)), {});
  if (std::ssize(digests) != epochs)
    throw InputError(fmt::format(
        "{}: metadata '{}' has {} lines; expected one for each of the {} finished epochs", path,
        kDigests, digests.size(), epochs));
  return digests;
}

}  // namespace

void require_same_run(const Config& now, const Config& then, const std::string& path) {
  Config same = now;  // but for what changes no bit
  same.train.device = then.train.device;
  same.train.threads = then.train.threads;
  same.train.tensorboard = then.train.tensorboard;
  same.data.residency = then.data.residency;
  same.data.cache = then.data.cache;
  same.checkpoint = then.checkpoint;
  const nlohmann::ordered_json a = to_json(same).flatten(), b = to_json(then).flatten();
  for (const auto& [pointer, value] : b.items()) {
    if (a.at(pointer) == value) continue;
    std::string field = pointer.substr(1);
    std::replace(field.begin(), field.end(), '/', '.');
    throw InputError(fmt::format("{}: {}: the run was started with {}; expected that, not {}", path,
                                 field, value.dump(), a.at(pointer).dump()));
  }
}

void require_resumable(const Config& now, const Config& then, const std::string& path,
                       bool knows_data) {
  Config same = now;
  same.train.epochs = now.train.epochs > then.train.epochs ? then.train.epochs : now.train.epochs;
  if (knows_data) {
    same.data.root = then.data.root;
    same.data.corrections = then.data.corrections;
    same.data.noise.file = then.data.noise.file;
    same.data.noise.rates = then.data.noise.rates;
    same.model.pretrained = then.model.pretrained;
  }
  require_same_run(same, then, path);
}

RunRecord::RunRecord(RunFolder folder, const Config& config, const NamedArrays& checkpoint,
                     const std::string& path)
    : folder_(std::move(folder)),
      last_is_good_(std::filesystem::path(path).filename() == RunFolder::kLast) {
  const CheckpointInfo info = checkpoint_info(checkpoint, path);
  require_resumable(config, info.config, path,
                    std::filesystem::exists(folder_.file(RunFolder::kData)));
  if (info.epoch > config.train.epochs)
    throw InputError(fmt::format("{}: epoch {}; expected one of the run's {}", path, info.epoch,
                                 config.train.epochs));
  if (info.epoch == 0 && info.epoch_steps == 0)
    throw InputError(
        fmt::format("{}: no step has been trained; expected a run that has begun", path));
  const auto lines = folder_.metrics(info.epoch, digests_of(checkpoint, path, info.epoch));
  // A data set may have a validation split of its own.
  const bool validation =
      config.data.validation > 0 || (!lines.empty() && lines[0].contains("val_accuracy"));
  for (const auto& line : lines) {
    scores_.push_back(scores_of(
        line, validation,
        fmt::format("{}:{}", folder_.file(RunFolder::kMetrics).string(), scores_.size() + 1)));
    digests_.push_back(metrics_digest(line));
  }
  // The best that is the last is written again. After a damaged checkpoint, the best of an epoch
  // that the run comes to again is, too.
  if (lines.empty() || (summary().best_epoch == info.epoch && info.epoch_steps == 0)) return;
  const int best = summary().best_epoch;
  const std::string file = folder_.file(RunFolder::kBest).string();
  const int epoch = checkpoint_info(read_trained_weights(file), file).epoch;
  if (epoch != best && epoch <= info.epoch)
    throw InputError(fmt::format("{}: of epoch {}; expected epoch {}, the best by {}", file, epoch,
                                 best, folder_.file(RunFolder::kMetrics).string()));
}

void RunRecord::restore(Trainer& trainer) {
  folder_.truncate_metrics(trainer.epochs_done());
  if (trainer.epoch_steps() == 0) write_results(trainer);
}

void RunRecord::begin_events(std::vector<std::string> classes) {
  const auto epochs = static_cast<int>(scores_.size());
  events_.emplace(folder_.path(), std::move(classes), folder_.metrics(epochs, digests_));
}

void RunRecord::add(const EpochRecord& record, Trainer& trainer) {
  const nlohmann::ordered_json line = to_json(record);
  folder_.append_metrics(line);
  if (events_) events_->add(line);
  scores_.push_back({.accuracy = record.judged.test.accuracy(),
                     .balanced_accuracy = record.judged.test.balanced_accuracy()});
  if (record.judged.validation) scores_.back().validation = record.judged.validation->accuracy();
  digests_.push_back(metrics_digest(line));
  save(trainer);
  write_results(trainer);
}

void RunRecord::save(Trainer& trainer) {
  TensorSources last = trainer.checkpoint(/*with_state=*/true);
  last.metadata[kDigests] = fmt::format("{}", fmt::join(digests_, " "));
  write_safetensors(folder_.file(RunFolder::kLast), last,
                    last_is_good_ ? folder_.file(RunFolder::kPrevious) : std::filesystem::path());
  last_is_good_ = true;
}

void RunRecord::write_results(Trainer& trainer) {
  const Summary so_far = summary();
  if (so_far.best_epoch == trainer.epochs_done())
    write_safetensors(folder_.file(RunFolder::kBest), trainer.checkpoint(/*with_state=*/false));
  if (const std::string labels = trainer.labels_csv(); !labels.empty())
    write_text(folder_.file(RunFolder::kLabels), labels);
  folder_.write_summary(so_far);
}

}  // namespace lanet
