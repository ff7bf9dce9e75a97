#include "kernel/linux_abi/posix_timer.h"

#include <algorithm>
#include <limits>

#include "kernel/arch_api/clock.h"
#include "kernel/core/process.h"
#include "kernel/core/signal.h"
#include "kernel/core/thread.h"
#include "kernel/linux_abi/clocks.h"
#include "kernel/linux_abi/current.h"
#include "kernel/linux_abi/layout.h"
#include "kernel/linux_abi/numbers.h"
#include "kernel/linux_abi/posix_timers.h"
#include "kernel/linux_abi/state.h"
#include "kernel/mm/heap.h"
#include "kernel/mm/user_copy.h"

namespace esc::linux_abi {
namespace {

using core::Signal;

constexpr int kMostTimers = 256;  // of one process
// Shorter intervals expire several times at once: the interrupts of one timer never fill the CPU.
constexpr Nanos kShortestInterval = Nanos::Micros(50);

void Drop(PosixTimers& timers, PosixTimer& timer) ESC_REQUIRES(timers.mutex) {
  timer.Stop();
  timers.list.remove(timer);
  mm::HeapDeleter{}(&timer);
}

template <class Chosen>
void DropIf(PosixTimers& timers, Chosen chosen) ESC_REQUIRES(timers.mutex) {
  for (auto at = timers.list.begin(); at != timers.list.end();) {
    PosixTimer& timer = *at;
    ++at;
    if (chosen(timer)) Drop(timers, timer);
  }
}

Result<PosixTimer*> Find(PosixTimers& timers, int id) ESC_REQUIRES(timers.mutex) {
  for (PosixTimer& timer : timers.list) {
    if (timer.id == id && timer.process.get() == &core::CurrentProcess()) return &timer;
  }
  return Status::kInvalidArgument;
}

// The lowest number that the process has not in use; kWouldBlock when it has too many.
Result<int> FreeId(PosixTimers& timers) ESC_REQUIRES(timers.mutex) {
  for (int id = 0; id < kMostTimers; ++id) {
    if (!Find(timers, id).ok()) return id;
  }
  return Status::kWouldBlock;
}

Result<PosixTimer::Event> ReadEvent(VirtAddr at) {
  const auto record = ESC_TRY(mm::ReadUser<SignalEvent>(at));
  PosixTimer::Event event{.signal = Signal::kNone, .value = record.value, .thread = {}};
  switch (record.notify) {
    case kNotifyNone: return event;
    case kNotifySignal:
    case kNotifyThread:  // the C library's own affair; it asks with kNotifyThreadId
      break;
    case kNotifyThreadId:
      event.thread = FindThread({record.thread});
      if (!event.thread || &event.thread->process() != &core::CurrentProcess()) return Status::kInvalidArgument;
      break;
    default: return Status::kInvalidArgument;
  }
  if (record.signal < 1 || record.signal > static_cast<int>(Signal::kLast)) return Status::kInvalidArgument;
  event.signal = static_cast<Signal>(record.signal);
  return event;
}

Status CheckClock(int clock) {
  if (clock == kClockReal || clock == kClockMonotonic || clock == kClockBoot) return Status::kOk;
  return clock < 0 || clock == kClockProcess || clock == kClockThread ? Status::kNotSupported : Status::kInvalidArgument;
}

IntervalTimerSpec SpecOf(const PosixTimer& timer) {
  if (!timer.pending()) return {};
  // One that is due but has not fired has time left: zero would mean that it does not run.
  const Nanos left{std::max<std::int64_t>(1, (timer.deadline() - arch::Now()).value)};
  return {TimeSpecOf(timer.interval()), TimeSpecOf(left)};
}

}  // namespace

PosixTimer::PosixTimer(mm::RefPtr<core::Process> owner, int number, int its_clock, Event what)
    : core::Timer(Fire), process(std::move(owner)), id(number), clock(its_clock), event(std::move(what)) {}

void PosixTimer::Stop() {
  // Without an interval it cannot start itself again, so that the second Cancel is the last word.
  Cancel();
  interval_ = {};
  Cancel();
}

void PosixTimer::Run(Nanos first, Nanos every) {
  Stop();
  {
    SpinLockGuard guard(process->lock);
    overrun_ = 0;
  }
  interval_ = every;
  Start(first);
}

std::int32_t PosixTimer::overrun() {
  SpinLockGuard guard(process->lock);
  return overrun_;
}

void PosixTimer::Fire(core::Timer& timer) {
  auto& self = static_cast<PosixTimer&>(timer);
  std::int64_t expirations = 1;
  if (const std::int64_t every = self.interval_.value; every > 0) {
    // By the times that were asked for: what comes late does not put off what follows.
    const Nanos due = self.deadline();
    const std::int64_t passed = (arch::Now() - due).value / every + 1;
    expirations = std::max(passed, (kShortestInterval.value + every - 1) / every);
    self.Start(expirations > (Nanos::Max() - due).value / every ? Nanos::Max() : due + Nanos{expirations * every});
  }
  if (self.event.signal != Signal::kNone) self.Tell(expirations);
}

void PosixTimer::Tell(std::int64_t expirations) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int32_t>::max();
  core::SignalInfo info{.signal = event.signal, .code = kCodeTimer, .sender = {id}, .address = event.value};
  {
    SpinLockGuard guard(process->lock);
    const core::Thread* thread = event.thread.get();
    if (thread != nullptr && thread->pending_info == nullptr) return;  // it has ended
    const std::size_t index = static_cast<std::size_t>(event.signal);
    const bool pending = (thread != nullptr ? thread->pending_signals : process->pending).Contains(event.signal);
    core::SignalInfo& last = thread != nullptr ? thread->pending_info[index] : process->pending_info[index];
    const bool ours = pending && last.code == kCodeTimer && last.sender == info.sender;
    overrun_ = static_cast<std::int32_t>(std::min(kMost, (ours ? overrun_ + expirations : expirations - 1)));
    info.sender_uid = static_cast<std::uint32_t>(overrun_);  // si_overrun lies where si_uid does
    if (ours) {
      last = info;
      return;
    }
  }
  (void)(event.thread ? core::SendSignalToThread(*event.thread, info) : core::SendSignal(*process, info));
}

Answer CreateTimer(int clock, VirtAddr event_at, VirtAddr id_at) {
  PosixTimer::Event event;
  event.signal = Signal::kAlarm;
  if (event_at.value != 0) event = ESC_TRY(ReadEvent(event_at));
  ESC_TRY(CheckClock(clock));
  PosixTimers& timers = GlobalState().posix_timers;
  core::MutexGuard guard(timers.mutex);
  // A process whose threads ended one by one leaves its timers behind.
  DropIf(timers, [](const PosixTimer& timer) { return !(core::FindProcess(timer.process->pid()) == timer.process); });
  const int id = ESC_TRY(FreeId(timers));
  if (event_at.value == 0) event.value = static_cast<std::uint64_t>(id);
  mm::RefPtr<core::Process> owner(&core::CurrentProcess());
  auto timer = ESC_TRY(mm::New<PosixTimer>(std::move(owner), id, clock, std::move(event)));
  ESC_TRY(mm::WriteUser(id_at, std::int32_t{id}));
  timers.list.push_back(*timer.release());
  return 0;
}

Answer SetTimer(int id, std::uint32_t flags, VirtAddr value_at, VirtAddr old_at) {
  if (value_at.value == 0) return Status::kInvalidArgument;
  const auto wanted = ESC_TRY(mm::ReadUser<IntervalTimerSpec>(value_at));
  const Nanos value = ESC_TRY(NanosOf(wanted.value)), interval = ESC_TRY(NanosOf(wanted.interval));
  IntervalTimerSpec old;
  {
    PosixTimers& timers = GlobalState().posix_timers;
    core::MutexGuard guard(timers.mutex);
    PosixTimer* const timer = ESC_TRY(Find(timers, id));
    old = SpecOf(*timer);
    if (value.value == 0) {
      timer->Stop();
    } else {
      timer->Run(FirstDeadline(timer->clock, (flags & kTimerAbsolute) != 0, value), interval);
    }
  }
  return old_at.value == 0 ? Answer(0) : Answer(mm::WriteUser(old_at, old));
}

Answer GetTimer(int id, VirtAddr out) {
  IntervalTimerSpec now;
  {
    PosixTimers& timers = GlobalState().posix_timers;
    core::MutexGuard guard(timers.mutex);
    now = SpecOf(*ESC_TRY(Find(timers, id)));
  }
  return mm::WriteUser(out, now);
}

Answer GetTimerOverrun(int id) {
  PosixTimers& timers = GlobalState().posix_timers;
  core::MutexGuard guard(timers.mutex);
  return ESC_TRY(Find(timers, id))->overrun();
}

Answer DeleteTimer(int id) {
  PosixTimers& timers = GlobalState().posix_timers;
  core::MutexGuard guard(timers.mutex);
  Drop(timers, *ESC_TRY(Find(timers, id)));
  return 0;
}

void DropTimers(core::Process& process) {
  PosixTimers& timers = GlobalState().posix_timers;
  core::MutexGuard guard(timers.mutex);
  DropIf(timers, [&](const PosixTimer& timer) { return timer.process.get() == &process; });
}

}  // namespace esc::linux_abi
