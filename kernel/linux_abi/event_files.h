// Files that are events: counters (eventfd) and timers (timerfd).
#pragma once

#include <cstdint>

#include "kernel/base/units.h"
#include "kernel/linux_abi/errno.h"

namespace esc::linux_abi {

Answer MakeEvent(std::uint32_t count);
Answer MakeEvent2(std::uint32_t count, std::uint32_t flags);

Answer MakeTimer(int clock, std::uint32_t flags);
Answer SetTimerFile(int descriptor, std::uint32_t flags, VirtAddr value, VirtAddr old);
Answer GetTimerFile(int descriptor, VirtAddr out);

}  // namespace esc::linux_abi
