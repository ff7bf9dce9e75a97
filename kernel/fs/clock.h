// The time that files are stamped with: real time since 1970.
#pragma once

#include "kernel/arch_api/clock.h"
#include "kernel/base/units.h"

namespace esc::fs {

inline Nanos RealTime() { return arch::WallClockAtBoot() + arch::Now(); }

}  // namespace esc::fs
