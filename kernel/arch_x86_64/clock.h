// The TSC as the monotonic clock, and how fast it runs.
#pragma once

#include <cstdint>

#include "kernel/base/units.h"

namespace esc::arch::x86 {

// Finds the TSC's rate and starts the clock at zero. `pm_timer_port` is ACPI's, 0 without one. Reads the
// real-time clock.
void InitClock(std::uint16_t pm_timer_port);

std::uint64_t TscHertz();
// The TSC's value at `when`.
std::uint64_t TscAt(Nanos when);

}  // namespace esc::arch::x86
