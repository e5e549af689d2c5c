// Child processes that end together: what launch.h starts the ranks with.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace lanet {

/// "signal 9 (Killed)"
std::string signal_text(int signal);

/// Where a program of the PATH is; "" if it is not there.
std::string find_in_path(const std::string& name);

/// Processes that this one starts, each in its own process group. What they leave behind when they
/// end becomes a child of this process, so that nothing outlives the object. If this process is
/// killed, they get SIGTERM.
class ChildProcesses {
 public:
  ChildProcesses();
  /// Kills what is left.
  ~ChildProcesses();
  ChildProcesses(const ChildProcesses&) = delete;
  ChildProcesses& operator=(const ChildProcesses&) = delete;

  /// Starts argv[0], a path, with stdin from /dev/null and `variables` laid over the environment.
  /// `name` is for messages; `output` and `errors`: the file descriptors that are its stdout and
  /// its stderr, -1: this process's. Returns its number, counted from 0. Throws Error.
  size_t start(std::string name, const std::vector<std::string>& argv,
               const std::map<std::string, std::string>& variables, int output = -1,
               int errors = -1);
  /// Finds out which have ended.
  void update();
  bool all_ended() const;
  bool ended(size_t child) const { return children_.at(child).status.has_value(); }
  /// True if it has ended, and not with exit code 0.
  bool failed(size_t child) const { return children_.at(child).status.value_or(0) != 0; }
  /// How one that failed ended: "mpirun (process 7) ended with exit code 1".
  std::string describe(size_t child) const;
  /// True if one has failed.
  bool any_failed() const;
  /// True if one has ended with this exit code.
  bool any_ended_with(int exit_code) const;
  /// describe() of the first that failed, in the order in which they were started.
  std::string describe_failed() const;
  /// Sends `signal` to those that are running, and to what they started.
  void send(int signal) const;
  /// Sends `signal` to those that are running alone.
  void send_to_started(int signal) const;
  /// Waits until all have ended, but no longer than `limit`.
  void wait(std::chrono::milliseconds limit);
  /// Sends `signal` to those that are running and waits until they end; kills after `grace` what is
  /// left. A process that does not end even then, because it hangs in the kernel, is left.
  void end(int signal, std::chrono::milliseconds grace);

 private:
  struct Child {
    pid_t id;
    std::string name;
    std::optional<int> status;  // as of waitpid()
  };

  std::vector<Child> children_;
};

}  // namespace lanet
