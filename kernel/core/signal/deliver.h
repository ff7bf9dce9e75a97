// Taking signals on the way back to user mode. Core's own.
#pragma once

#include "kernel/arch_api/user_registers.h"
#include "kernel/core/thread.h"

namespace esc::core {

// Acts on everything that is pending for the running thread: may end or stop it, or point `registers` at a handler.
// Interrupts on, no lock held.
void HandleSignals(Thread& self, arch::UserRegisters& registers);

}  // namespace esc::core
