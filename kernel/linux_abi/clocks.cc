#include "kernel/linux_abi/clocks.h"

#include <algorithm>

#include "kernel/arch_api/clock.h"
#include "kernel/core/park.h"
#include "kernel/core/process.h"
#include "kernel/core/thread.h"
#include "kernel/linux_abi/current.h"
#include "kernel/linux_abi/numbers.h"
#include "kernel/mm/user_copy.h"

namespace esc::linux_abi {
namespace {

constexpr std::int64_t kMostSeconds = Nanos::Max().value / kNanosPerSecond - 1;

// Clocks of processes and threads by number, as glibc's clock_getcpuclockid encodes them: ~pid << 3 | 4 (thread) | 2.
Result<Nanos> CpuClock(int clock) {
  const Pid pid{~(clock >> 3)};
  if ((clock & 4) != 0) {
    const mm::RefPtr<core::Thread> thread = pid.value == 0 ? mm::RefPtr<core::Thread>(&core::CurrentThread()) : FindThread(pid);
    if (!thread) return Status::kInvalidArgument;
    const core::Accounting usage = core::ThreadAccounting(*thread);
    return usage.user + usage.system;
  }
  const mm::RefPtr<core::Process> process =
      pid.value == 0 ? mm::RefPtr<core::Process>(&core::CurrentProcess()) : core::FindProcess(pid);
  if (!process) return Status::kInvalidArgument;
  const core::Accounting usage = core::TotalAccounting(*process);
  return usage.user + usage.system;
}

Result<Nanos> Now(int clock) {
  switch (clock) {
    case kClockReal:
    case kClockRealCoarse:
    case kClockAtomic: return RealNow();  // TAI differs by the leap seconds that somebody sets: nobody has
    case kClockMonotonic:
    case kClockMonotonicRaw:
    case kClockMonotonicCoarse:
    case kClockBoot: return arch::Now();
    case kClockProcess: {
      const core::Accounting usage = core::TotalAccounting(core::CurrentProcess());
      return usage.user + usage.system;
    }
    case kClockThread: {
      const core::Accounting usage = core::ThreadAccounting(core::CurrentThread());
      return usage.user + usage.system;
    }
    default:
      if (clock < 0) return CpuClock(clock);
      return Status::kInvalidArgument;
  }
}

Answer SleepFor(Nanos wanted, VirtAddr remaining) {
  const Nanos deadline = DeadlineOfCall(wanted);
  const Status slept = core::SleepUntil(deadline, core::Interruptible::kYes);
  if (Ok(slept)) return 0;
  if (remaining.value != 0) {
    const Nanos left{std::max<std::int64_t>(0, (deadline - arch::Now()).value)};
    ESC_TRY(mm::WriteUser(remaining, TimeSpecOf(left)));
  }
  return InterruptedUntil(deadline);
}

}  // namespace

Result<Nanos> NanosOf(const TimeSpec& time) {
  if (time.seconds < 0 || time.nanoseconds < 0 || time.nanoseconds >= kNanosPerSecond) return Status::kInvalidArgument;
  if (time.seconds >= kMostSeconds) return Nanos::Max();
  return Nanos{time.seconds * kNanosPerSecond + time.nanoseconds};
}

Result<Nanos> NanosOf(const TimeValue& time) {
  if (time.microseconds < 0 || time.microseconds >= 1'000'000) return Status::kInvalidArgument;
  return NanosOf(TimeSpec{time.seconds, time.microseconds * 1'000});
}

Nanos After(Nanos delta) {
  const Nanos now = arch::Now();
  return delta.value >= Nanos::Max().value - now.value ? Nanos::Max() : now + delta;
}

Nanos FirstDeadline(int clock, bool absolute, Nanos value) {
  if (!absolute) return After(value);
  if (clock == kClockReal && value != Nanos::Max()) value = value - arch::WallClockAtBoot();
  return std::max(value, Nanos{1});
}

Nanos RealNow() { return arch::WallClockAtBoot() + arch::Now(); }

Nanos DeadlineOfCall(Nanos wanted) {
  core::Thread& thread = core::CurrentThread();
  if (thread.restart_deadline.value == 0) return After(wanted);
  const Nanos kept = thread.restart_deadline;
  thread.restart_deadline = {};
  return kept;
}

Answer InterruptedUntil(Nanos deadline) {
  core::CurrentThread().restart_deadline = deadline;
  return Errno::kRestartBlock;
}

Answer GetClock(int clock, VirtAddr out) { return mm::WriteUser(out, TimeSpecOf(ESC_TRY(Now(clock)))); }

Answer GetClockResolution(int clock, VirtAddr out) {
  ESC_TRY(Now(clock));
  return out.value == 0 ? Status::kOk : mm::WriteUser(out, TimeSpec{0, 1});
}

Answer SetClock(int, VirtAddr) { return Status::kPermissionDenied; }

Answer GetTimeOfDay(VirtAddr out, VirtAddr zone) {
  if (out.value != 0) ESC_TRY(mm::WriteUser(out, TimeValueOf(RealNow())));
  if (zone.value != 0) ESC_TRY(mm::WriteUser(zone, std::uint64_t{0}));  // UTC
  return 0;
}

Answer GetTime(VirtAddr out) {
  const std::int64_t seconds = RealNow().value / kNanosPerSecond;
  if (out.value != 0) ESC_TRY(mm::WriteUser(out, seconds));
  return seconds;
}

Answer Sleep(VirtAddr time, VirtAddr remaining) {
  return SleepFor(ESC_TRY(NanosOf(ESC_TRY(mm::ReadUser<TimeSpec>(time)))), remaining);
}

Answer SleepOnClock(int clock, std::uint32_t flags, VirtAddr time, VirtAddr remaining) {
  if (clock == kClockThread) return Status::kInvalidArgument;
  if (clock != kClockReal && clock != kClockMonotonic && clock != kClockBoot) {
    return Ok(Now(clock).status()) ? Status::kNotSupported : Status::kInvalidArgument;
  }
  const Nanos wanted = ESC_TRY(NanosOf(ESC_TRY(mm::ReadUser<TimeSpec>(time))));
  if ((flags & kTimerAbsolute) == 0) return SleepFor(wanted, remaining);
  Nanos deadline = wanted;
  if (clock == kClockReal && wanted != Nanos::Max()) deadline = wanted - arch::WallClockAtBoot();
  if (deadline <= arch::Now()) return 0;
  const Status slept = core::SleepUntil(deadline, core::Interruptible::kYes);
  return Ok(slept) ? Answer(0) : Answer(Errno::kRestartNoHandler);
}

Answer Pause() {
  while (true) {
    core::PreparePark();
    if (core::Park(core::Interruptible::kYes) == Status::kInterrupted) return Errno::kRestartNoHandler;
  }
}

}  // namespace esc::linux_abi
