// The signals that ask a training to end: SIGINT (Ctrl-C), SIGTERM, SIGHUP and SIGUSR1, which batch
// systems send some time before they kill.
#pragma once

#include <signal.h>

#include <array>
#include <string>

namespace lanet {

/// While it exists, such a signal ends this process with a line on stderr; while it holds them, the
/// first is kept for asked(), and only the next ends the process. Signals that were ignored before
/// stay ignored. At most one object at a time. SIGPIPE is ignored, too: that nobody reads stderr
/// any more is no reason to end.
class StopSignals {
 public:
  static constexpr std::array<int, 4> kSignals = {SIGINT, SIGTERM, SIGHUP, SIGUSR1};

  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  void hold(bool held);
  /// The signal that came while they were held; 0: none.
  int asked() const;
};

/// "SIGTERM"
std::string signal_name(int signal);

}  // namespace lanet
