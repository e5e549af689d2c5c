#include "train/training_loop.h"

#include <algorithm>

#include "core/parameter_io.h"
#include "core/ranks/communicator.h"
#include "train/judge.h"

namespace lanet {

using Clock = std::chrono::steady_clock;

TrainingLoop::TrainingLoop(Context& context, const Config& config, Trainer& trainer,
                           const Faces& validation, RunRecord* record, const StopSignals& signals)
    : context_(context),
      config_(config),
      trainer_(trainer),
      validation_(validation),
      record_(record),
      signals_(signals),
      progress_("img", config.train.epochs * trainer.steps_per_epoch() * config.train.batch),
      saved_(Clock::now()) {
  if (context.communicator().size() == 1) return;
  const Thawed thawed(context);
  memory_ = allocate_tensors(context, {{&votes_, {std::ssize(StopSignals::kSignals)}, DType::i32}});
}

int TrainingLoop::run() {
  while (trainer_.epochs_done() < config_.train.epochs && !stop_agreed()) {
    const std::optional<EpochResult> result =
        trainer_.run_epoch([this](int64_t step, double loss) { return after_step(step, loss); });
    if (result) record_epoch(*result);
  }
  progress_.finish();
  return signal_;
}

std::string TrainingLoop::progress() const {
  return to_string(CheckpointInfo{.config = {},
                                  .classes = {},
                                  .epoch = trainer_.epochs_done(),
                                  .steps = 0,
                                  .epoch_steps = trainer_.epoch_steps()});
}

/// False to end the epoch here.
bool TrainingLoop::after_step(int64_t step, double loss) {
  const int64_t per_epoch = trainer_.steps_per_epoch(), batch = config_.train.batch;
  const int64_t epochs = config_.train.epochs, before = trainer_.epochs_done();
  if (record_)
    progress_.update((before * per_epoch + step) * batch,
                     fmt::format("epoch {}/{}  loss {:.4f}", before + 1, epochs, loss));
  // The last step is followed by the evaluation, and the checkpoint by that.
  if (step == per_epoch) return true;
  const bool stop = stop_agreed();
  if (record_ && (stop || save_is_due())) {
    record_->save(trainer_);
    saved_ = Clock::now();
  }
  if (stop) context_.communicator().barrier(context_);  // it is written
  return !stop;
}

/// True on all ranks if one of them has a signal.
bool TrainingLoop::stop_agreed() {
  if (signal_ != 0) return true;
  signal_ = signals_.asked();
  if (!votes_) return signal_ != 0;
  std::vector<double> votes;
  for (const int signal : StopSignals::kSignals) votes.push_back(signal == signal_ ? 1 : 0);
  write_tensor(context_, votes_, votes);
  context_.communicator().all_reduce(context_, std::array{votes_}, Reduction::sum);
  votes = read_tensor(context_, votes_);
  for (size_t i = 0; i < votes.size(); ++i)
    if (votes[i] > 0) signal_ = StopSignals::kSignals[i];
  return signal_ != 0;
}

bool TrainingLoop::save_is_due() const {
  const auto [every_steps, every_minutes] = config_.checkpoint;
  if (every_steps > 0 && trainer_.steps_done() % every_steps == 0) return true;
  const std::chrono::duration<double, std::ratio<60>> since = Clock::now() - saved_;
  return every_minutes > 0 && since.count() >= every_minutes;
}

void TrainingLoop::record_epoch(const EpochResult& result) {
  const EpochRecord record{result, judge(context_, config_, trainer_, validation_)};
  if (record_) record_->add(record, trainer_);
  saved_ = Clock::now();
  context_.communicator().barrier(context_);  // an epoch is finished when rank 0 has recorded it
  if (!record_) return;
  progress_.message(to_text(record, config_.train.epochs));
  const std::vector<std::string> found = warnings(record);
  for (const std::string& line : found)
    if (std::find(warned_.begin(), warned_.end(), line) == warned_.end()) progress_.message(line);
  warned_ = found;  // a warning is printed once, until it no longer applies
}

}  // namespace lanet
