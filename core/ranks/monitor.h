// Notices within seconds that a rank of a run has died, hangs or failed, says so in one line and
// tells the other ranks, which would wait for it for ever.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "core/ranks/channel.h"

namespace lanet {

/// What every rank connects to by a RankLink. It lives in the process that started the ranks, or
/// in rank 0.
///
/// The first failure of a run is the one that counts: on_failure is called once, with one line that
/// names rank, host, process and cause, when the other ranks have been sent that line. What ends
/// after it does so because of it.
///
///   rank 2 on nodeb (process 4711) ended without a word: killed, or it crashed
///   rank 2 on nodeb (process 4711) has not been heard for 15 s: stopped, or its machine cannot be
///     reached
///   rank 2 on nodeb (process 4711): what it told by RankLink::tell()
///   rank 3 has not come within 120 s: it was not started, or cannot reach nodea:29400
///   rank 8 on nodeb (process 4711) came to a run of 8 ranks
///   rank 3 on nodeb (process 4711) is there twice, also as rank 3 on nodec (process 815)
class RankMonitor {
 public:
  /// Listens on `address` ("127.0.0.1", or "0.0.0.0" for ranks on other machines) and `port` (0:
  /// any that is free). Throws Error if it cannot. on_failure is called on a thread of the
  /// monitor's; it does not throw nor destroy the monitor, and may end the process.
  RankMonitor(int ranks, const std::string& address, int port, const Timing& timing,
              std::function<void(const std::string&)> on_failure);
  /// Ranks that have not said goodbye see the monitor end without a word.
  ~RankMonitor();
  RankMonitor(const RankMonitor&) = delete;
  RankMonitor& operator=(const RankMonitor&) = delete;

  int port() const { return port_; }
  /// True once every rank has said goodbye.
  bool finished() const;
  /// Waits for that, not beyond a failure or a goodbye with an exit code. Returns finished().
  bool wait_finished(std::chrono::milliseconds limit) const;
  /// The line of the failure; "" if there is none.
  std::string failure() const;
  /// True if the failure is that a rank ended without a word: who started it may know more.
  bool failure_unexplained() const;
  /// If the failure is that a rank has not been heard, the number of its process on its machine;
  /// else 0.
  int silent_process() const;
  /// The exit code of the goodbye by which a rank ended the run before there was a failure; 0 if
  /// none did.
  int exit_code() const;

 private:
  using Clock = std::chrono::steady_clock;

  /// A connection; a rank once it has said hello.
  struct Client {
    explicit Client(Descriptor socket) : channel(std::move(socket)), heard(Clock::now()) {}
    RankChannel channel;
    Clock::time_point heard;
    int rank = -1, process = 0;
    std::string name;  // "rank 2 on nodeb (process 4711)"
    bool gone = false;
  };

  void watch();
  void forget_gone();
  /// Takes in what waits at the sockets.
  void take_events();
  void accept_client();
  void take_messages(Client& client);
  /// Takes in the last messages of a connection that was closed.
  void close(Client& client);
  /// What a connection means that is over; nothing after its last word.
  void lose(Client& client);
  void handle(Client& client, const Message& message);
  void welcome(Client& client, const std::string& hello);
  void refuse(Client& client, const std::string& line);
  void leave(Client& client, const std::string& exit_code);
  void beat();
  void check_silence();
  void fail(const std::string& line, bool unexplained = false, int silent_process = 0);
  /// Tells all ranks that the run is over, and why.
  void end(const std::string& line);
  void send_to_ranks(MessageType type, const std::string& body, int except = -1);

  const int ranks_;
  const Timing timing_;
  const std::function<void(const std::string&)> on_failure_;
  Descriptor listener_;
  Descriptor events_, closings_;  // epoll
  WakeUp stop_;
  int port_;
  std::string place_;  // where the ranks reach it

  // Of the thread alone.
  std::map<int, std::unique_ptr<Client>> clients_;  // by descriptor
  std::vector<std::string> names_;                  // of the ranks that came
  std::vector<std::string> shared_;
  std::string end_;  // why the run is over; "" while it goes on
  Clock::time_point next_beat_, come_by_;

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  int left_ = 0;
  bool ended_ = false;
  int exit_code_ = 0;
  std::string failure_;
  bool failure_unexplained_ = false;
  int silent_process_ = 0;

  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

}  // namespace lanet
