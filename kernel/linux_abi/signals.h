// Signal system calls, and the user ABI's half of delivery.
#pragma once

#include <cstdint>

#include "kernel/arch_api/user_registers.h"
#include "kernel/base/units.h"
#include "kernel/core/signal.h"
#include "kernel/linux_abi/errno.h"

namespace esc::linux_abi {

Answer SetAction(int signal, VirtAddr action, VirtAddr old, std::uint64_t set_bytes);
Answer SetSignalMask(int how, VirtAddr set, VirtAddr old, std::uint64_t set_bytes);
Answer GetPending(VirtAddr set, std::uint64_t set_bytes);
Answer SuspendUntilSignal(VirtAddr set, std::uint64_t set_bytes);
Answer WaitForSignal(VirtAddr set, VirtAddr info, VirtAddr timeout, std::uint64_t set_bytes);
Answer SetAlternateStack(arch::UserRegisters& registers, VirtAddr stack, VirtAddr old);
Answer ReturnFromSignal(arch::UserRegisters& registers);
Answer Kill(int pid, int signal);
Answer KillThread(int tid, int signal);
Answer KillThreadOf(int process, int tid, int signal);
Answer QueueSignal(int pid, int signal, VirtAddr info);

// Takes one pending signal of `wanted` off the running thread or its process; kNone when there is none.
core::SignalInfo TakePending(core::SignalSet wanted);
// What is pending for either.
core::SignalSet PendingSignals();

// Waits with another mask, as sigsuspend, ppoll and pselect do: the old one is restored when the handler that ends
// the wait has run, or by RestoreMask when none did.
Status SwapMaskFor(VirtAddr set, std::uint64_t set_bytes);
void RestoreMask();

// For core::UserAbi: builds the handler's frame on the user stack and points `registers` at the handler.
Status PushSignalFrame(const core::SignalInfo& info, const core::SignalAction& action, core::SignalSet old_mask,
                       arch::UserRegisters& registers);
// A system call that a signal broke: starts it again, or makes it answer EINTR. `action` null: no handler runs.
void FinishCall(const core::SignalAction* action, arch::UserRegisters& registers);

}  // namespace esc::linux_abi
