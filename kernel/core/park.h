// Park and unpark: the one way in which a thread waits.
//
// A thread that wants to wait links itself where wakers will find it (a WaitQueue), checks its condition, and
// parks. Unpark leaves a token when the thread is not parked yet, so a wake-up between the check and Park is
// never lost; Park consumes the token. A Park may return early (a stale token): every caller loops over its
// condition. Locking: Unpark takes the target's run queue lock (kRunQueue); callers hold at most kTimerQueue.
#pragma once

#include "kernel/base/status.h"
#include "kernel/base/units.h"

namespace esc::core {

class Thread;

enum class Interruptible : std::uint8_t {
  kNo,
  kByEnd,  // only when the thread is to end: SIGKILL, or another thread's exit or exec
  kYes,    // by any signal that is not blocked
};

// Drops a token left by an earlier wait. Call before linking to the first wait queue.
void PreparePark();
// Blocks the running thread. kOk: unparked, or a token was there. kTimedOut: `deadline` (Now()'s clock) has come.
// kInterrupted: what it is interruptible by has come. No spin lock held.
Status Park(Interruptible interruptible, Nanos deadline = Nanos::Max());
void Unpark(Thread& thread);

// Sleeps until `deadline`; kOk when it has come, kInterrupted earlier.
Status SleepUntil(Nanos deadline, Interruptible interruptible);

}  // namespace esc::core
