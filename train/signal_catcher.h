// The signals that would end or stop a process that watches child processes.
#pragma once

#include <signal.h>

#include <array>

namespace lanet {

/// While it exists, SIGINT, SIGTERM, SIGHUP, SIGUSR1 and SIGTSTP (Ctrl-Z) do not end or stop this
/// process. Signals that were ignored before stay ignored. At most one at a time.
class SignalCatcher {
 public:
  /// What happens on SIGTSTP.
  enum class Stop {
    ignored,
    caught  ///< stop_asked() tells
  };

  explicit SignalCatcher(Stop stop);
  ~SignalCatcher();
  SignalCatcher(const SignalCatcher&) = delete;
  SignalCatcher& operator=(const SignalCatcher&) = delete;

  /// The signal that would have ended this process, the last of them; 0: none.
  int ending() const;
  /// How many came.
  int endings() const;
  /// True once for each SIGTSTP, or several that came together.
  bool stop_asked();

 private:
  static constexpr std::array<int, 5> kSignals = {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGTSTP};
  std::array<struct sigaction, kSignals.size()> before_{};
};

}  // namespace lanet
