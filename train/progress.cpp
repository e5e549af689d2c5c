#include "train/progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <memory>

#include "core/printable.h"
#include "core/standard_streams.h"

namespace lanet {

namespace {

constexpr double kTerminalSeconds = 0.2;
constexpr double kPlainSeconds = 10;
constexpr double kPlainShare = 0.1;  // of the job: a plain line is due after this, at the latest …
constexpr double kPlainLeastSeconds = 1;  // … but no sooner than this
constexpr double kRecentSeconds = 30;
constexpr size_t kLeastSteps = 8;          // several runs of an experiment take their steps in turn
constexpr double kLeastStepSeconds = 0.1;  // of two that are kept

double seconds_between(std::chrono::steady_clock::time_point a,
                       std::chrono::steady_clock::time_point b) {
  return std::chrono::duration<double>(b - a).count();
}

/// A rate per second in the unit of time in which it is at least one, if there is one.
std::string rate_text(double rate, const std::string& unit) {
  const char* time = "s";
  if (rate < 1) {
    const bool minutes = rate * 60 >= 1;
    rate *= minutes ? 60 : 3600;
    time = minutes ? "min" : "h";
  }
  return fmt::format("{:.{}f} {}/{}", rate, rate < 10 ? 1 : 0, unit, time);
}

/// What fits into a line of the terminal: the beginning of a longer one would stay behind.
std::string cut_to_terminal(const std::string& line, std::FILE* terminal) {
  winsize size{};
  if (::ioctl(fileno(terminal), TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return line;
  return line.substr(0, size.ws_col - 1);
}

}  // namespace

void say(const std::string& line) {
  write_error(escaped(line) + "\n");
}

std::string format_duration(double seconds) {
  const auto whole = static_cast<int64_t>(std::max(0.0, seconds) + 0.5);
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{}:{:02} min", whole / 60, whole % 60);
  return fmt::format("{}:{:02} h", whole / 3600, whole / 60 % 60);
}

void RecentRate::add(double seconds, int64_t done) {
  if (!steps_.empty() && done <= steps_.back().done) return;
  const auto count = steps_.size();
  if (count >= 2 && steps_[count - 1].seconds - steps_[count - 2].seconds < kLeastStepSeconds)
    steps_.back() = {seconds, done};
  else
    steps_.push_back({seconds, done});
  while (steps_.size() > kLeastSteps && seconds - steps_[1].seconds >= kRecentSeconds)
    steps_.pop_front();
}

double RecentRate::per_second(double now) const {
  if (steps_.size() < 2) return 0;
  const Step &first = steps_.front(), &last = steps_.back();
  const double seconds = std::max(last.seconds - first.seconds, now - last.seconds);
  return seconds > 0 ? static_cast<double>(last.done - first.done) / seconds : 0;
}

Progress::Progress(std::string unit, int64_t total, std::FILE* out)
    : unit_(std::move(unit)),
      total_(total),
      out_(out),
      terminal_(isatty(fileno(out)) != 0),
      start_(Clock::now()),
      shown_(start_) {}

Progress::~Progress() {
  finish();
}

void Progress::update(int64_t done, const std::string& text) {
  if (first_done_ < 0) {
    first_done_ = shown_done_ = done;
    start_ = Clock::now();
  }
  rate_.add(seconds_between(start_, Clock::now()), done);
  const double since = seconds_between(shown_, Clock::now());
  const bool much = static_cast<double>(done - shown_done_) >=
                    kPlainShare * static_cast<double>(std::max<int64_t>(total_ - first_done_, 1));
  const bool due = terminal_ ? since >= kTerminalSeconds
                             : since >= kPlainSeconds || (much && since >= kPlainLeastSeconds);
  if (due) show(done, text);
}

void Progress::put(const std::string& text) {
  std::fputs(text.c_str(), out_);  // no reason to end the job if that fails
  std::fflush(out_);
}

void Progress::show(int64_t done, const std::string& text) {
  const auto now = Clock::now();
  const double rate = rate_.per_second(seconds_between(start_, now));
  std::string line = fmt::format("{}  {}/{} {}", text, done, total_, unit_);
  if (rate > 0)
    line += fmt::format("  {}  {} left", rate_text(rate, unit_),
                        format_duration(static_cast<double>(total_ - done) / rate));
  if (terminal_) line = cut_to_terminal(line, out_);
  // Escape K clears what a longer line left behind.
  put(fmt::format("{}{}{}", terminal_ ? "\r" : "", line, terminal_ ? "\033[K" : "\n"));
  line_open_ = terminal_;
  shown_ = now;
  shown_done_ = done;
}

void Progress::message(const std::string& line) {
  put(fmt::format("{}{}\n", line_open_ ? "\r\033[K" : "", escaped(line)));
  line_open_ = false;
}

void Progress::finish() {
  if (line_open_) put("\n");
  line_open_ = false;
}

std::function<void(int64_t done, int64_t total)> progress_function(std::string text,
                                                                   std::string unit,
                                                                   std::FILE* out) {
  // Shared: a std::function is copied, the line on the terminal is one.
  auto progress = std::make_shared<std::unique_ptr<Progress>>();
  return [=](int64_t done, int64_t total) {
    if (!*progress) *progress = std::make_unique<Progress>(unit, total, out);
    (*progress)->update(done, text);
    if (done == total) (*progress)->finish();
  };
}

}  // namespace lanet
