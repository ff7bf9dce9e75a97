// What an architecture calls upwards. Declared here, defined by core (and linux_abi for OnSystemCall): this
// is how interrupts and faults reach code that an architecture must not include.
//
// Context words: "interrupts off" means the flag is clear on entry and must be clear on return. Handlers run
// on the kernel stack of the interrupted thread.
#pragma once

#include <cstdint>

#include "kernel/arch_api/boot_info.h"
#include "kernel/arch_api/paging.h"
#include "kernel/arch_api/user_registers.h"
#include "kernel/base/units.h"

namespace esc::upcall {

// The first upcall, once, on the boot CPU and boot stack, interrupts off: paging, traps, clock and console
// work; no heap yet. `info` stays valid for ever.
[[noreturn]] void KernelMain(const arch::BootInfo& info);

// The deadline of arch::SetTimer has come. Interrupts off.
void OnTimer();
// Another CPU asked for a scheduling decision. Interrupts off.
void OnRescheduleRequest();
// One byte from the console. Interrupts off.
void OnConsoleInput(char c);

// Last thing before an interrupt returns to kernel code: may switch threads (kernel preemption). Interrupts
// off. Not called when the interrupted code had interrupts disabled.
void BeforeReturnToKernel();
// Last thing before every return to user mode: reschedules, delivers signals (which may change
// `registers`). Interrupts off on entry and return; may enable them in between.
void BeforeReturnToUser(arch::UserRegisters& registers);

// Interrupts on. The number is registers.original_rax; the result goes to registers.rax.
void OnSystemCall(arch::UserRegisters& registers);

struct PageFault {
  VirtAddr address;
  arch::Access access = arch::Access::kRead;  // what was tried
  bool page_present = false;                  // a protection violation, not an absent page
  bool from_user = false;                     // else: the kernel's user-copy functions
};
enum class FaultOutcome : std::uint8_t {
  kResolved,  // retry the instruction
  kFailed,    // user copies: take the recovery path; user code: a signal is already queued
};
// Interrupts on when the faulting code had them on. Only for user addresses: a fault on a kernel address is
// a panic that the architecture raises itself.
FaultOutcome OnPageFault(const PageFault& fault);

enum class UserException : std::uint8_t {
  kDivideError,
  kBreakpoint,
  kSingleStep,
  kOverflow,
  kBoundRange,
  kInvalidOpcode,
  kGeneralProtection,
  kStackFault,
  kAlignmentCheck,
  kFloatingPoint,
  kSimdFloatingPoint,
  kOther,
};
// A fault of user code that is no page fault: a signal. Interrupts on.
void OnUserException(UserException exception, arch::UserRegisters& registers);

// Called by a panic after the message, to print what core knows (running thread, last decisions). Interrupts
// off; must not take locks.
void OnPanic();

}  // namespace esc::upcall
