// The three calls of the vsyscall page: code at fixed addresses in the kernel's half, which old programs call as
// functions. There is no such page: the fault of the call is answered in its place, as Linux does with vsyscall=xonly
// (arch/x86/entry/vsyscall/vsyscall_64.c).
#pragma once

#include "kernel/arch_api/user_registers.h"
#include "kernel/core/signal.h"

namespace esc::linux_abi {

// Whether the fault is such a call. Any context.
bool IsVsyscall(const core::SignalInfo& fault, const arch::UserRegisters& registers);

// Does it and returns to its caller; false when the program's stack or buffers are not there.
bool DoVsyscall(arch::UserRegisters& registers);

}  // namespace esc::linux_abi
