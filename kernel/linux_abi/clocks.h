// Times as programs give them, and clocks.
#pragma once

#include <cstdint>
#include <optional>

#include "kernel/base/status.h"
#include "kernel/base/units.h"
#include "kernel/linux_abi/errno.h"
#include "kernel/linux_abi/layout.h"

namespace esc::linux_abi {

inline constexpr std::int64_t kNanosPerSecond = 1'000'000'000;

constexpr TimeSpec TimeSpecOf(Nanos time) { return {time.value / kNanosPerSecond, time.value % kNanosPerSecond}; }
constexpr TimeValue TimeValueOf(Nanos time) {
  return {time.value / kNanosPerSecond, time.value % kNanosPerSecond / 1'000};
}
// kInvalidArgument when negative or with a fraction of a second or more; cut at Nanos::Max().
Result<Nanos> NanosOf(const TimeSpec& time);
Result<Nanos> NanosOf(const TimeValue& time);
// now + delta without overflow.
Nanos After(Nanos delta);

// When a timer that is set to `value` on `clock` first expires, on our own clock; never 0, which would mean "not armed".
Nanos FirstDeadline(int clock, bool absolute, Nanos value);

Nanos RealNow();

// A relative wait that a signal without a handler broke goes on to its first deadline when it is started again:
// the deadline of `wanted` from now, or the one kept from the attempt before.
Nanos DeadlineOfCall(Nanos wanted);
// The wait ended by a signal: keeps `deadline` for the restart.
Answer InterruptedUntil(Nanos deadline);

Answer GetClock(int clock, VirtAddr out);
Answer GetClockResolution(int clock, VirtAddr out);
Answer SetClock(int clock, VirtAddr time);
Answer GetTimeOfDay(VirtAddr out, VirtAddr zone);
Answer GetTime(VirtAddr out);
Answer Sleep(VirtAddr time, VirtAddr remaining);
Answer SleepOnClock(int clock, std::uint32_t flags, VirtAddr time, VirtAddr remaining);
Answer Pause();

}  // namespace esc::linux_abi
