// A rank's side of the channel to the run's monitor.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "core/ranks/channel.h"

namespace lanet {

/// Why the run is over for a rank.
struct RankFailure {
  std::string line;
  bool monitor_lost = false;  ///< else the monitor told of this failure, and reports it itself
};

/// Tells the RankMonitor that this rank is alive, and hears from it what happens to the others. The
/// beats come from a thread of their own: they show that the process runs, not that it makes
/// progress.
class RankLink {
 public:
  /// Connects, trying for timing.connect; then throws Error. `holder` says in messages which
  /// process has the monitor: "rank 0 on nodea", "the launcher".
  ///
  /// on_failure is called once: when the monitor tells of a failure, ends before this rank's
  /// goodbye, or has been silent for timing.silence. It is called on a thread of the link; it must
  /// not throw or use the link, and may end the process.
  RankLink(const std::string& address, int port, int rank, std::string holder, const Timing& timing,
           std::function<void(const RankFailure&)> on_failure);
  /// Without goodbye() or tell(), the monitor concludes that this rank crashed.
  ~RankLink();
  RankLink(const RankLink&) = delete;
  RankLink& operator=(const RankLink&) = delete;

  /// Reports why this rank fails; the monitor prints it and tells the others. Returns when the
  /// monitor has received it, or after timing.silence.
  void tell(const std::string& cause);
  /// The orderly end, when nothing is left to do that could hang. Returns when the monitor has
  /// received it, or after timing.silence. An exit code other than 0 means that this rank has
  /// printed what is wrong: the others are told to end, and the monitor reports nothing.
  void goodbye(int exit_code = 0);
  /// Sends rank 0's bytes (1 to kMaxMessageBytes) to every rank. Rank 0 passes them and does not
  /// wait; the others pass "" and wait for them. All return them, the nth call of each rank those
  /// of rank 0's nth call. Throws Error if the run fails, or after timing.connect.
  std::string share(const std::string& bytes);

 private:
  using Clock = std::chrono::steady_clock;

  RankChannel connect(const std::string& address, int port) const;
  void listen();
  /// One look at the socket; false if it is closed. `failure` is set if there is one to report.
  bool turn(Clock::time_point now, RankFailure& failure);
  void leave(MessageType type, const std::string& body);

  const int rank_;
  const std::string holder_;
  const Timing timing_;
  const std::function<void(const RankFailure&)> on_failure_;
  WakeUp stop_;
  std::atomic<bool> stopping_ = false;

  std::mutex mutex_;
  std::condition_variable changed_;
  RankChannel channel_;
  std::vector<std::string> shared_;
  size_t shares_taken_ = 0;
  RankFailure failure_;
  bool leaving_ = false, closed_ = false;
  Clock::time_point heard_, last_turn_, next_beat_;

  std::thread thread_;
};

}  // namespace lanet
