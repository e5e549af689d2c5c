#include "train/signal_catcher.h"

namespace lanet {

namespace {

volatile sig_atomic_t caught_ending = 0;
volatile sig_atomic_t endings_caught = 0;
volatile sig_atomic_t caught_stop = 0;

}  // namespace

SignalCatcher::SignalCatcher(Stop stop) {
  caught_ending = 0;
  endings_caught = 0;
  caught_stop = 0;
  for (size_t i = 0; i < kSignals.size(); ++i) {
    struct sigaction action {};
    ::sigaction(kSignals[i], nullptr, &before_[i]);
    action.sa_flags = SA_RESTART;
    action.sa_handler = [](int signal) {
      caught_ending = signal;
      endings_caught = endings_caught + 1;
    };
    if (kSignals[i] == SIGTSTP) {
      action.sa_handler = [](int) { caught_stop = 1; };
      if (stop == Stop::ignored) action.sa_handler = SIG_IGN;
    }
    if (before_[i].sa_handler != SIG_IGN) ::sigaction(kSignals[i], &action, nullptr);
  }
}

SignalCatcher::~SignalCatcher() {
  for (size_t i = 0; i < kSignals.size(); ++i) ::sigaction(kSignals[i], &before_[i], nullptr);
}

int SignalCatcher::ending() const {
  return caught_ending;
}

int SignalCatcher::endings() const {
  return endings_caught;
}

bool SignalCatcher::stop_asked() {
  const bool asked = caught_stop != 0;
  caught_stop = 0;
  return asked;
}

}  // namespace lanet
