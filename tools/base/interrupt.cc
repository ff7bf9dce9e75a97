#include "tools/base/interrupt.h"

#include <signal.h>

namespace esc::tools {
namespace {

constexpr int kSignals[] = {SIGINT, SIGTERM, SIGHUP};

// What the caller has told this program not to heed (nohup) would count as pending once it is blocked.
bool Ignored(int signal_number) {
  struct sigaction action;
  return sigaction(signal_number, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

}  // namespace

InterruptHold::InterruptHold() {
  sigset_t held;
  sigemptyset(&held);
  for (const int signal_number : kSignals) {
    if (!Ignored(signal_number)) sigaddset(&held, signal_number);
  }
  sigprocmask(SIG_BLOCK, &held, &before_);
}

InterruptHold::~InterruptHold() { sigprocmask(SIG_SETMASK, &before_, nullptr); }

int InterruptHold::Pending() {
  sigset_t pending;
  sigpending(&pending);
  for (const int signal_number : kSignals) {
    if (sigismember(&pending, signal_number) == 1) return signal_number;
  }
  return 0;
}

}  // namespace esc::tools
