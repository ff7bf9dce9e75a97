// alarm and setitimer(ITIMER_REAL): one timer a process that sends SIGALRM.
#pragma once

#include <cstdint>

#include "kernel/base/units.h"
#include "kernel/linux_abi/errno.h"

namespace esc::core {
class Process;
}

namespace esc::linux_abi {

Answer SetAlarm(std::uint32_t seconds);
Answer SetIntervalTimer(int which, VirtAddr value, VirtAddr old);
Answer GetIntervalTimer(int which, VirtAddr out);

// The process has ended: its timer goes. Called for its last thread.
void DropIntervalTimer(core::Process& process);

}  // namespace esc::linux_abi
