// The thread contract: a thread is a kernel stack and saved registers. Two functions make and switch it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "kernel/arch_api/user_registers.h"
#include "kernel/base/status.h"
#include "kernel/base/units.h"

namespace esc::arch {

// Owned by core, one a thread. Core sets the public members; `machine` is the architecture's own.
struct ThreadContext {
  VirtAddr stack_bottom;         // lowest usable byte of the kernel stack (a guard page lies below)
  VirtAddr stack_top;            // 16-byte aligned
  std::uint64_t fs_base = 0;     // user TLS
  std::uint64_t gs_base = 0;     // user GS
  void* fpu = nullptr;           // FpuStateBytes() bytes, 64-byte aligned; nullptr for kernel threads
  std::array<std::uint64_t, 8> machine{};
};

// Prepares `context` so that the first switch to it calls entry(argument) on its own stack with interrupts
// off. `entry` never returns. The area for UserFrame() at the stack's top is left free.
void InitThread(ThreadContext& context, void (*entry)(void*), void* argument);

// Call with interrupts off on the CPU that runs `from`. Saves and restores callee-saved registers, FPU state
// (only for threads that have `fpu`), FS/GS bases, and sets the kernel stack for traps from user mode.
// Does not change the address space. Returns on the stack of `from`, perhaps on another CPU and much later:
// anything cached from CpuLocal() before the call is stale after it. Neither may be the other.
void SwitchThread(ThreadContext& from, ThreadContext& to);

// Adopts the running boot stack as `context`, so that SwitchThread can leave it.
void AdoptBootThread(ThreadContext& context);

// Where the user registers of this thread lie while it is in the kernel: at the top of its stack.
UserRegisters& UserFrame(ThreadContext& context);

// Leaves the kernel for user mode with UserFrame(context), which must be that of the running thread: for a
// thread's first entry. Interrupts may be on or off. Runs upcall::BeforeReturnToUser first.
[[noreturn]] void EnterUser(ThreadContext& context);

// A register file that starts a program at `entry` with the stack pointer `stack`: user segments, interrupts
// on, all other registers zero.
UserRegisters InitialUserRegisters(VirtAddr entry, VirtAddr stack);

// True when every member may be loaded by a return to user mode without a fault in the kernel (canonical
// addresses); forces segments and flags to what user mode may have. For sigreturn and ptrace-like writers.
bool SanitizeUserRegisters(UserRegisters& registers);

// How long the instruction is that a system call comes by: `rip` goes back by it when a call is started again.
std::uint64_t SystemCallBytes();

// Makes fs_base/gs_base of the running thread take effect at once.
void LoadUserBases(const ThreadContext& context);

// FPU state as XSAVE writes it (SDM vol. 1, 13.4): size for the enabled features, 64-byte alignment.
std::size_t FpuStateBytes();
void InitFpuState(void* state);
// Saves the running thread's live registers into its context's area, so that a copy can be taken (fork,
// signal frames); and loads them again after the area was changed.
void SaveFpu(ThreadContext& context);
void RestoreFpu(ThreadContext& context);
// Whether a state that came from user memory may be loaded without a fault; mends what user mode may not set.
bool SanitizeFpuState(void* state);
// The components of the state that are saved (SDM vol. 1, 13.1).
std::uint64_t FpuStateComponents();

// The running thread's live registers straight to user memory, and from there, for signal frames: FpuStateBytes() bytes
// at a multiple of 64. As for user copies: interrupts on, no spin lock held. kFault for memory that cannot be had, and
// for a state that may not be loaded; then the registers hold some earlier state of the thread. Where the state has an
// XSAVE header, that must be zero before the state is saved there.
Status SaveFpuToUser(VirtAddr at);
Status RestoreFpuFromUser(ThreadContext& context, VirtAddr at);

}  // namespace esc::arch
