// Notices within seconds that a rank of a run has died, hangs or has failed, reports it in one line
// and tells the other ranks, which would wait for it forever.
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

/// What every rank connects to with a RankLink. It lives in the process that started the ranks, or
/// in rank 0.
///
/// Only the first failure of a run counts, since later ones follow from it. The other ranks are
/// sent one line that names rank, host, process and cause; then on_failure is called, once, with
/// that line:
///
///   rank 2 on nodeb (process 4711) ended unexpectedly: it was killed or crashed
///   rank 2 on nodeb (process 4711) has not responded for 15 s: it is stopped, or its machine
///     cannot be reached
///   rank 2 on nodeb (process 4711): what it reported by RankLink::tell()
///   rank 3 did not connect within 120 s: it was not started, or cannot reach nodea:29400
///   rank 8 on nodeb (process 4711) tried to join a run of 8 ranks
///   rank 3 on nodeb (process 4711) is already connected, as rank 3 on nodec (process 815)
class RankMonitor {
 public:
  /// Listens on `address` ("127.0.0.1", or "0.0.0.0" for ranks on other machines) and `port` (0:
  /// any free one). Throws Error if it cannot. on_failure is called on a thread of the monitor; it
  /// must not throw or destroy the monitor, and may end the process.
  RankMonitor(int ranks, const std::string& address, int port, const Timing& timing,
              std::function<void(const std::string&)> on_failure);
  /// To ranks that have not said goodbye, the monitor ends unexpectedly.
  ~RankMonitor();
  RankMonitor(const RankMonitor&) = delete;
  RankMonitor& operator=(const RankMonitor&) = delete;

  int port() const { return port_; }
  /// True once every rank has said goodbye.
  bool finished() const;
  /// Waits for that, or for a failure or a goodbye with an exit code. Returns finished().
  bool wait_finished(std::chrono::milliseconds limit) const;
  /// The line of the failure; "" if there is none.
  std::string failure() const;
  /// True if the failure is that a rank ended unexpectedly: the process that started it may know
  /// more.
  bool failure_unexplained() const;
  /// If the failure is that a rank does not respond, its process id on its machine; else 0.
  int silent_process() const;
  /// The exit code with which a rank said goodbye before there was a failure; 0 if none did.
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
  /// Handles what has arrived at the sockets.
  void take_events();
  void accept_client();
  void take_messages(Client& client);
  /// Handles the last messages of a closed connection.
  void close(Client& client);
  /// Marks a connection as over; a failure, unless its rank has said goodbye or reported one.
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

  // Used by the thread only.
  std::map<int, std::unique_ptr<Client>> clients_;  // by descriptor
  std::vector<std::string> names_;                  // of the ranks that have connected
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
