// The progress of a long job: one line that is rewritten on a terminal, otherwise a plain line now
// and then. Always on stderr.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <deque>
#include <functional>
#include <string>

namespace lanet {

/// Writes one line to stderr, if that is possible.
void say(const std::string& line);

/// "42 s", "3:07 min", "2:05 h"
std::string format_duration(double seconds);

/// How fast a job has been of late, so that the time left follows when other programs begin or end.
class RecentRate {
 public:
  /// `done`: of the job so far; `seconds`: since any moment, not decreasing.
  void add(double seconds, int64_t done);
  /// Per second, over the last half minute in which `done` grew or, of a job with slow steps, over
  /// the last few of them; less once it has stood still for longer than that. 0 if unknown.
  double per_second(double now) const;

 private:
  struct Step {
    double seconds;
    int64_t done;
  };
  std::deque<Step> steps_;  // at which `done` was larger than before
};

class Progress {
 public:
  /// `unit`: what is counted ("img", "faces"). `total`: of the whole job, to estimate the remaining
  /// time.
  Progress(std::string unit, int64_t total, std::FILE* out = stderr);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// `done` of total; `text` stands in front: "epoch 3/16  loss 2.31". Done of total, recent rate
  /// and remaining time are added. Shown if enough time has passed since the last
  /// time.
  void update(int64_t done, const std::string& text);
  /// A line that stays, printed above the progress line.
  void message(const std::string& line);
  /// Ends the progress line, so that what follows starts on its own.
  void finish();

 private:
  void show(int64_t done, const std::string& text);
  void put(const std::string& text);

  using Clock = std::chrono::steady_clock;
  std::string unit_;
  int64_t total_;
  std::FILE* out_;
  bool terminal_;
  bool line_open_ = false;
  int64_t first_done_ = -1;  // of the first update: a resumed job starts in the middle
  RecentRate rate_;
  Clock::time_point start_, shown_;
  int64_t shown_done_ = 0;
};

/// A function that shows the progress of a job whose size is passed with each call: `text`, then as
/// Progress does. The line ends when done = total.
std::function<void(int64_t done, int64_t total)> progress_function(std::string text,
                                                                   std::string unit,
                                                                   std::FILE* out = stderr);

}  // namespace lanet
