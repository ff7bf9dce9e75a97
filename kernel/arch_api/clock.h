// The monotonic clock and the one-shot timer of this CPU.
#pragma once

#include "kernel/base/units.h"

namespace esc::arch {

// Time since boot; never goes back, the same on all CPUs. Cost: a counter read and a multiplication.
Nanos Now();

// Real time (since 1970, UTC) at the moment when Now() was zero.
Nanos WallClockAtBoot();

// The next upcall::OnTimer on this CPU comes at `deadline`, or at once when that has passed; a later call
// replaces it. Nanos::Max() means none. Call with interrupts off.
void SetTimer(Nanos deadline);

}  // namespace esc::arch
