// Putting a signal into a process. Core's own; others send through process.h.
#pragma once

#include "kernel/core/process.h"
#include "kernel/core/thread.h"

namespace esc::core {

enum class PostKind : std::uint8_t {
  kPlain,
  kChildStopped,  // SIGCHLD for a child's stop or continuation: SA_NOCLDSTOP holds it back
};
enum class PostOutcome : std::uint8_t { kDone, kContinued };

// kContinued: the process was stopped and goes on now; the caller reports that (ReportChange), for which it needs the
// process table's lock. Locks below kProcess may be held.
PostOutcome PostSignal(Process& process, const SignalInfo& info, PostKind kind = PostKind::kPlain);

inline SignalSet SetOf(Signal a, Signal b = Signal::kNone, Signal c = Signal::kNone, Signal d = Signal::kNone) {
  SignalSet set;
  for (const Signal signal : {a, b, c, d}) {
    if (signal != Signal::kNone) set.Add(signal);
  }
  return set;
}
inline constexpr SignalSet Without(SignalSet set, SignalSet removed) {
  return SignalSet(set.bits() & ~removed.bits());
}

}  // namespace esc::core
