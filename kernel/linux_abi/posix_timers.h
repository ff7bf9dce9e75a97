// The timers that processes made with timer_create, in one list.
#pragma once

#include <cstdint>

#include "kernel/base/intrusive_list.h"
#include "kernel/base/units.h"
#include "kernel/core/mutex.h"
#include "kernel/core/process.h"
#include "kernel/core/signal.h"
#include "kernel/core/thread.h"
#include "kernel/core/timer.h"
#include "kernel/mm/ref_ptr.h"

namespace esc::linux_abi {

struct PosixTimerTag {};

// Sends its signal each time that it expires; while that is pending, expirations are counted in it instead (timer_getoverrun(2)).
class PosixTimer : public core::Timer, public ListHook<PosixTimerTag> {
 public:
  struct Event {
    core::Signal signal = core::Signal::kNone;  // none: it only runs
    std::uint64_t value = 0;
    mm::RefPtr<core::Thread> thread;  // null: the process
  };
  PosixTimer(mm::RefPtr<core::Process> owner, int number, int its_clock, Event what);

  const mm::RefPtr<core::Process> process;
  const int id;
  const int clock;
  const Event event;

  // Nobody has to wait for it, and it cannot start itself again.
  void Stop();
  // `first` on Now()'s clock; `every` 0: once.
  void Run(Nanos first, Nanos every);
  Nanos interval() const { return interval_; }
  // Of the last signal that was sent.
  std::int32_t overrun() ESC_EXCLUDES(process->lock);

 private:
  static void Fire(core::Timer& timer);
  void Tell(std::int64_t expirations) ESC_EXCLUDES(process->lock);

  Nanos interval_{};  // written while it is stopped
  std::int32_t overrun_ ESC_GUARDED_BY(process->lock) = 0;
};

struct PosixTimers {
  core::Mutex mutex;
  IntrusiveList<PosixTimer, PosixTimerTag> list ESC_GUARDED_BY(mutex);
};

}  // namespace esc::linux_abi
