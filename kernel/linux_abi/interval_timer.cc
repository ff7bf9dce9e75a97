#include "kernel/linux_abi/interval_timer.h"

#include <algorithm>

#include "kernel/arch_api/clock.h"
#include "kernel/base/intrusive_list.h"
#include "kernel/core/process.h"
#include "kernel/core/timer.h"
#include "kernel/linux_abi/clocks.h"
#include "kernel/linux_abi/interval_timers.h"
#include "kernel/linux_abi/layout.h"
#include "kernel/linux_abi/numbers.h"
#include "kernel/linux_abi/state.h"
#include "kernel/mm/heap.h"
#include "kernel/mm/user_copy.h"

namespace esc::linux_abi {
namespace {

struct TimerTimes {
  Nanos interval{}, left{};
};

// What the process's timer is set to now; zeros when it has none.
TimerTimes TimesOf(const IntervalTimer* timer) {
  if (timer == nullptr || !timer->pending()) return {};
  // A timer that is due but has not fired has time left: zero would mean that none runs.
  return {timer->interval, Nanos{std::max<std::int64_t>(1, (timer->deadline() - arch::Now()).value)}};
}

void Drop(IntervalTimers& timers, IntervalTimer& timer) ESC_REQUIRES(timers.mutex) {
  // Without an interval it cannot start itself again, so that the second Cancel is the last word.
  timer.Cancel();
  timer.interval = {};
  timer.Cancel();
  timers.list.remove(timer);
  mm::HeapDeleter{}(&timer);
}

// A process whose threads ended one by one leaves its timer behind.
void DropStale(IntervalTimers& timers) ESC_REQUIRES(timers.mutex) {
  for (auto at = timers.list.begin(); at != timers.list.end();) {
    IntervalTimer& timer = *at;
    ++at;
    if (!(core::FindProcess(timer.process->pid()) == timer.process)) Drop(timers, timer);
  }
}

Result<TimerTimes> Exchange(TimerTimes wanted) {
  IntervalTimers& timers = GlobalState().interval_timers;
  core::MutexGuard guard(timers.mutex);
  DropStale(timers);
  IntervalTimer* timer = timers.Find(core::CurrentProcess());
  const TimerTimes old = TimesOf(timer);
  if (wanted.left.value == 0) {
    if (timer != nullptr) timer->Cancel();
    return old;
  }
  if (timer == nullptr) {
    timer = ESC_TRY(mm::New<IntervalTimer>(mm::RefPtr<core::Process>(&core::CurrentProcess()))).release();
    timers.list.push_back(*timer);
  }
  timer->Cancel();
  timer->interval = wanted.interval;
  timer->Start(After(wanted.left));
  return old;
}

}  // namespace

IntervalTimer::IntervalTimer(mm::RefPtr<core::Process> owner) : core::Timer(Fire), process(std::move(owner)) {}

void IntervalTimer::Fire(core::Timer& timer) {
  auto& self = static_cast<IntervalTimer&>(timer);
  (void)core::SendSignal(*self.process, {.signal = core::Signal::kAlarm, .code = kCodeKernel});
  if (self.interval.value > 0) self.Start(After(self.interval));
}

IntervalTimer* IntervalTimers::Find(const core::Process& process) {
  for (IntervalTimer& timer : list) {
    if (timer.process.get() == &process) return &timer;
  }
  return nullptr;
}

Answer SetAlarm(std::uint32_t seconds) {
  const TimerTimes old = ESC_TRY(Exchange({.interval = {}, .left = Nanos::Seconds(seconds)}));
  // Rounded to the nearest second, but never to "none" (alarm(2)).
  const std::int64_t rounded = (old.left.value + kNanosPerSecond / 2) / kNanosPerSecond;
  return old.left.value == 0 ? 0 : std::max<std::int64_t>(1, rounded);
}

Answer SetIntervalTimer(int which, VirtAddr value_at, VirtAddr old_at) {
  if (which != kTimerReal) return Status::kInvalidArgument;
  IntervalTimerValue value{};
  if (value_at.value != 0) value = ESC_TRY(mm::ReadUser<IntervalTimerValue>(value_at));
  const TimerTimes wanted{.interval = ESC_TRY(NanosOf(value.interval)), .left = ESC_TRY(NanosOf(value.value))};
  const TimerTimes old = ESC_TRY(Exchange(wanted));
  if (old_at.value == 0) return 0;
  return mm::WriteUser(old_at, IntervalTimerValue{TimeValueOf(old.interval), TimeValueOf(old.left)});
}

Answer GetIntervalTimer(int which, VirtAddr out) {
  if (which != kTimerReal) return Status::kInvalidArgument;
  TimerTimes now;
  {
    IntervalTimers& timers = GlobalState().interval_timers;
    core::MutexGuard guard(timers.mutex);
    now = TimesOf(timers.Find(core::CurrentProcess()));
  }
  return mm::WriteUser(out, IntervalTimerValue{TimeValueOf(now.interval), TimeValueOf(now.left)});
}

void DropIntervalTimer(core::Process& process) {
  IntervalTimers& timers = GlobalState().interval_timers;
  core::MutexGuard guard(timers.mutex);
  if (IntervalTimer* timer = timers.Find(process); timer != nullptr) Drop(timers, *timer);
}

}  // namespace esc::linux_abi
