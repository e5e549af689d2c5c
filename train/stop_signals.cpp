#include "train/stop_signals.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "core/error.h"

namespace lanet {

namespace {

std::array<struct sigaction, StopSignals::kSignals.size()> before;
volatile sig_atomic_t holding = 0;
volatile sig_atomic_t kept = 0;

// A signal may come at any moment, while memory is being allocated too: system calls only.
void take(int signal) {
  if (holding && kept == 0) {
    kept = signal;
    return;
  }
  const char* line = kept != 0
                         ? "lanet-cuda: a second signal: ended at once\n"
                         : "lanet-cuda: stopped by a signal outside training: no checkpoint was "
                           "written\n";
  for (size_t left = std::strlen(line); left > 0;) {
    const ssize_t put = ::write(STDERR_FILENO, line, left);
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) break;
    line += put;
    left -= static_cast<size_t>(put);
  }
  ::signal(signal, SIG_DFL);
  ::raise(signal);
}

}  // namespace

StopSignals::StopSignals() {
  holding = 0;
  kept = 0;
  ::signal(SIGPIPE, SIG_IGN);
  for (size_t i = 0; i < kSignals.size(); ++i) {
    struct sigaction action {};
    action.sa_flags = SA_RESTART;
    action.sa_handler = take;
    ::sigaction(kSignals[i], nullptr, &before[i]);
    if (before[i].sa_handler != SIG_IGN) ::sigaction(kSignals[i], &action, nullptr);
  }
}

StopSignals::~StopSignals() {
  for (size_t i = 0; i < kSignals.size(); ++i) ::sigaction(kSignals[i], &before[i], nullptr);
}

void StopSignals::hold(bool held) {
  holding = held ? 1 : 0;
}

int StopSignals::asked() const {
  return kept;
}

std::string signal_name(int signal) {
  const char* name = ::sigabbrev_np(signal);
  return name ? fmt::format("SIG{}", name) : fmt::format("signal {}", signal);
}

}  // namespace lanet
