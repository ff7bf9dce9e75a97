// The processes' SIGALRM timers: those that were ever set, in one list.
#pragma once

#include "kernel/base/intrusive_list.h"
#include "kernel/core/mutex.h"
#include "kernel/core/process.h"
#include "kernel/core/timer.h"
#include "kernel/mm/ref_ptr.h"

namespace esc::linux_abi {

struct IntervalTimerTag {};

class IntervalTimer : public core::Timer, public ListHook<IntervalTimerTag> {
 public:
  explicit IntervalTimer(mm::RefPtr<core::Process> owner);
  const mm::RefPtr<core::Process> process;
  Nanos interval{};  // 0: once. Written while the timer is cancelled.

 private:
  static void Fire(core::Timer& timer);
};

struct IntervalTimers {
  core::Mutex mutex;
  IntrusiveList<IntervalTimer, IntervalTimerTag> list ESC_GUARDED_BY(mutex);
  IntervalTimer* Find(const core::Process& process) ESC_REQUIRES(mutex);
};

}  // namespace esc::linux_abi
