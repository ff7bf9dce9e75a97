// POSIX timers: any number a process, each with a signal of its choice.
#pragma once

#include <cstdint>

#include "kernel/base/units.h"
#include "kernel/linux_abi/errno.h"

namespace esc::core {
class Process;
}

namespace esc::linux_abi {

Answer CreateTimer(int clock, VirtAddr event, VirtAddr id);
Answer SetTimer(int id, std::uint32_t flags, VirtAddr value, VirtAddr old);
Answer GetTimer(int id, VirtAddr out);
Answer GetTimerOverrun(int id);
Answer DeleteTimer(int id);

// The process has ended, or runs another program: its timers go.
void DropTimers(core::Process& process);

}  // namespace esc::linux_abi
