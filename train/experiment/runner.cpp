#include "train/experiment/runner.h"

#include <fcntl.h>
#include <omp.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <deque>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>
#include <thread>

#include "core/error.h"
#include "core/files/file.h"
#include "train/experiment/child_processes.h"
#include "train/experiment/report.h"
#include "train/progress.h"
#include "train/run_folder.h"
#include "train/signal_catcher.h"

namespace lanet {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

/// How often the runs are polled, and how often their metrics.
constexpr auto kTurn = 50ms, kMetricsTurn = 1000ms;
/// How long runs may take to end when told to.
constexpr auto kGrace = 10s;
/// How long a run whose experiment was killed may take to end.
constexpr auto kLockTime = 5s;
constexpr int kLogLines = 5;

/// Waits until no process is writing a run. InputError if one keeps doing so.
void wait_for_lock(const fs::path& folder) {
  const auto deadline = std::chrono::steady_clock::now() + kLockTime;
  while (true) {
    try {
      const RunLock lock(folder);
      return;
    } catch (const InputError&) {
      if (std::chrono::steady_clock::now() > deadline) throw;
    }
    std::this_thread::sleep_for(kTurn);
  }
}

/// A log file, which is closed with the object.
class LogFile {
 public:
  LogFile(const fs::path& path, bool append)
      : descriptor_(::open(path.c_str(),
                           O_WRONLY | O_CREAT | O_CLOEXEC | O_APPEND | (append ? 0 : O_TRUNC),
                           0666)) {
    if (descriptor_ < 0)
      throw Error(fmt::format("{}: cannot be written: {}", path.string(), std::strerror(errno)));
  }
  ~LogFile() { ::close(descriptor_); }
  LogFile(const LogFile&) = delete;
  LogFile& operator=(const LogFile&) = delete;
  int descriptor() const { return descriptor_; }

 private:
  int descriptor_;
};

std::deque<std::string> last_lines(const fs::path& file) {
  std::deque<std::string> lines;
  std::istringstream in(fs::exists(file) ? read_text(file) : "");
  for (std::string line; std::getline(in, line);) {
    lines.push_back(line);
    if (lines.size() > kLogLines) lines.pop_front();
  }
  return lines;
}

class Experiment {
 public:
  Experiment(const RunnerOptions& options, const ExperimentPlan& plan,
             const ExperimentFolder& folder)
      : options_(options), plan_(plan), folder_(folder) {}

  PlanOutcome run() {
    take_stock();
    SignalCatcher signals(SignalCatcher::Stop::caught);
    begin_progress();
    while (signals.ending() == 0 && !(waiting_.empty() && running_.empty())) {
      while (!waiting_.empty() && std::ssize(running_) < options_.jobs) start(waiting_.front());
      std::this_thread::sleep_for(kTurn);
      if (signals.stop_asked()) pause();
      children_.update();
      look_for_ended();
      show_progress();
    }
    progress_->finish();
    if (signals.ending() != 0) {
      children_.end(SIGTERM, kGrace);
      say(fmt::format("lanet-cuda: stopped by {}; to continue, run the same command with --resume",
                      signal_text(signals.ending())));
    }
    return {signals.ending() != 0, std::move(failed_), plan_.runs.size()};
  }

 private:
  /// Finds out which runs are still to be done. Changes nothing until all of them are known to be
  /// able to continue.
  void take_stock() {
    std::vector<size_t> begun;
    for (size_t i = 0; i < plan_.runs.size(); ++i) {
      const ExperimentPlan::Run& run = plan_.runs[i];
      const RunState state = folder_.state(run);
      states_.push_back(state);
      epochs_.push_back(state == RunState::finished     ? run.config.train.epochs
                        : state == RunState::unfinished ? folder_.epochs_done(run)
                                                        : 0);
      total_epochs_ += run.config.train.epochs;
      if (state == RunState::finished) {
        ++finished_;
        continue;
      }
      waiting_.push_back(i);
      if (state == RunState::none) continue;
      if (!options_.resume)
        throw InputError(
            fmt::format("{}: an unfinished run; expected none, or --resume to continue it",
                        folder_.run(run).string()));
      wait_for_lock(folder_.run(run));
      if (state == RunState::begun) begun.push_back(i);
    }
    for (const size_t i : begun) folder_.clear(plan_.runs[i]);
    for (size_t i = 0; i < plan_.runs.size(); ++i)
      if (states_[i] == RunState::finished) keep(plan_.runs[i]);
    write_report(plan_, folder_);
    if (finished_ > 0)
      say(fmt::format("{} of {} runs are already finished", finished_, plan_.runs.size()));
  }

  void start(size_t number) {
    const ExperimentPlan::Run& run = plan_.runs[number];
    const bool resume = states_[number] == RunState::unfinished;
    create_folder(folder_.run(run).parent_path());
    write_text(folder_.config(run), to_json(run.config).dump(2) + "\n");
    // This program itself, even if another has been built in its place meanwhile.
    std::vector<std::string> words = {"/proc/self/exe", "train", folder_.config(run).string(),
                                      "--run", folder_.run(run).string()};
    if (resume) words.emplace_back("--resume");
    // Threads that spin while they wait take the cores from the other runs and from other programs.
    std::map<std::string, std::string> variables = {{"OMP_WAIT_POLICY", "passive"}};
    if (run.config.train.threads == 0)
      variables["OMP_NUM_THREADS"] = std::to_string(
          std::max<int64_t>(1, omp_get_max_threads() / std::max<int64_t>(1, options_.jobs)));
    const LogFile log(folder_.log(run), /*append=*/resume);
    running_[number] =
        children_.start(run.path.string(), words, variables, log.descriptor(), log.descriptor());
    waiting_.pop_front();
  }

  /// Handles a finished run.
  void keep(const ExperimentPlan::Run& run) const {
    folder_.record(run);
    if (options_.drop_checkpoints) folder_.drop_checkpoints(run);
  }

  void look_for_ended() {
    for (auto each = running_.begin(); each != running_.end();) {
      const auto [number, child] = *each;
      if (!children_.ended(child)) {
        ++each;
        continue;
      }
      const ExperimentPlan::Run& run = plan_.runs[number];
      each = running_.erase(each);
      if (children_.failed(child)) {
        failed_.push_back(run.path.string());
        progress_->message(
            fmt::format("failed: {}; {}:", children_.describe(child), folder_.log(run).string()));
        for (const std::string& line : last_lines(folder_.log(run)))
          progress_->message("  " + line);
      } else {
        ++finished_;
        epochs_[number] = run.config.train.epochs;
        keep(run);
        write_report(plan_, folder_);
        progress_->message(fmt::format("finished: {}", run.path.string()));
      }
    }
  }

  void begin_progress() { progress_.emplace("epochs", total_epochs_); }

  void show_progress() {
    const auto now = std::chrono::steady_clock::now();
    if (now - shown_ < kMetricsTurn || running_.empty()) return;
    shown_ = now;
    for (const auto& [number, child] : running_)
      epochs_[number] = folder_.epochs_done(plan_.runs[number]);
    int64_t done = 0;
    for (const int64_t epochs : epochs_) done += epochs;
    // Where lines are not overwritten, print none without news.
    if (done == shown_done_ && !::isatty(STDERR_FILENO)) return;
    shown_done_ = done;
    std::string text = fmt::format("{}/{} runs", finished_, plan_.runs.size());
    for (const auto& [number, child] : running_)
      text += fmt::format("  {} {}/{}", plan_.runs[number].path.string(), epochs_[number],
                          plan_.runs[number].config.train.epochs);
    progress_->update(done, text);
  }

  /// Stops together with all runs until this process is continued.
  void pause() {
    progress_->finish();
    children_.send(SIGSTOP);
    ::raise(SIGSTOP);
    children_.send(SIGCONT);
    begin_progress();  // the pause is no time that epochs took
  }

  const RunnerOptions& options_;
  const ExperimentPlan& plan_;
  const ExperimentFolder& folder_;
  std::vector<RunState> states_;  // of each run, when the experiment began
  std::vector<int64_t> epochs_;   // that are done of each run
  int64_t total_epochs_ = 0, shown_done_ = -1;
  size_t finished_ = 0;
  std::deque<size_t> waiting_;
  std::map<size_t, size_t> running_;  // number of the run, of the child
  std::vector<std::string> failed_;
  ChildProcesses children_;
  std::optional<Progress> progress_;
  std::chrono::steady_clock::time_point shown_;
};

}  // namespace

PlanOutcome run_plan(const ExperimentPlan& plan, const ExperimentFolder& folder,
                     const RunnerOptions& options) {
  return Experiment(options, plan, folder).run();
}

int report_failed(const PlanOutcome& outcome) {
  if (outcome.failed.empty()) return 0;
  say(
      fmt::format("lanet-cuda: {} of {} runs failed: {}; to try them again, run the same command "
                  "with --resume",
                  outcome.failed.size(), outcome.runs, fmt::join(outcome.failed, ", ")));
  return 1;
}

}  // namespace lanet
