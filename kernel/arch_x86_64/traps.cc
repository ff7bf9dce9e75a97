#include "kernel/arch_x86_64/traps.h"

#include <algorithm>
#include <array>

#include "kernel/arch_api/upcalls.h"
#include "kernel/arch_x86_64/descriptor_tables.h"
#include "kernel/arch_x86_64/instructions.h"
#include "kernel/arch_x86_64/panic.h"
#include "kernel/arch_x86_64/per_cpu.h"
#include "kernel/arch_x86_64/user_copy.h"
#include "kernel/base/format.h"

namespace esc::arch::x86 {
namespace {

constexpr unsigned kFirstInterrupt = 32;
enum Vector : std::uint32_t {
  kDivideError = 0,
  kDebug = 1,
  kNmi = 2,
  kBreakpoint = 3,
  kOverflow = 4,
  kBoundRange = 5,
  kInvalidOpcode = 6,
  kDoubleFault = 8,
  kStackFault = 12,
  kGeneralProtection = 13,
  kPageFault = 14,
  kX87Error = 16,
  kAlignmentCheck = 17,
  kMachineCheck = 18,
  kSimdError = 19,
};

constexpr std::string_view kNames[] = {
    "divide error", "debug exception", "non-maskable interrupt", "breakpoint", "overflow", "bound range exceeded",
    "invalid opcode", "device not available", "double fault", "coprocessor overrun", "invalid TSS",
    "segment not present", "stack fault", "general protection fault", "page fault", "reserved exception",
    "x87 error", "alignment check", "machine check", "SIMD error", "virtualization exception",
    "control protection"};

std::string_view NameOf(std::uint32_t vector) {
  return vector < std::size(kNames) ? kNames[vector] : std::string_view("reserved exception");
}

// Page-fault error code: SDM vol. 3A, 4.7.
constexpr std::uint64_t kFaultPresent = 1, kFaultWrite = 2, kFaultUser = 4, kFaultReserved = 8, kFaultFetch = 16;

// Written before interrupts are enabled, read by handlers.
constinit std::array<InterruptHandler, kVectorCount> handlers{};
constinit void (*end_of_interrupt)() = nullptr;

Access AccessOf(std::uint64_t error) {
  if ((error & kFaultFetch) != 0) return Access::kExecute;
  return (error & kFaultWrite) != 0 ? Access::kWrite : Access::kRead;
}

std::string_view AccessName(Access access) {
  if (access == Access::kExecute) return "execution of";
  return access == Access::kWrite ? "write to" : "read of";
}

upcall::UserException ExceptionOf(std::uint32_t vector) {
  using upcall::UserException;
  switch (vector) {
    case kDivideError: return UserException::kDivideError;
    case kDebug: return UserException::kSingleStep;
    case kBreakpoint: return UserException::kBreakpoint;
    case kOverflow: return UserException::kOverflow;
    case kBoundRange: return UserException::kBoundRange;
    case kInvalidOpcode: return UserException::kInvalidOpcode;
    case kGeneralProtection: return UserException::kGeneralProtection;
    case kStackFault: return UserException::kStackFault;
    case kAlignmentCheck: return UserException::kAlignmentCheck;
    case kX87Error: return UserException::kFloatingPoint;
    case kSimdError: return UserException::kSimdFloatingPoint;
    default: return UserException::kOther;
  }
}

void HandleInterrupt(std::uint32_t vector) {
  if (vector == kVectorSpurious) return;  // not acknowledged: SDM vol. 3A, 11.9
  if (handlers[vector] == nullptr) return;  // the masked 8259's spurious ones
  if (end_of_interrupt != nullptr) end_of_interrupt();
  handlers[vector]();
}

bool IsUserAddress(std::uint64_t address) { return address < ESC_DIRECT_MAP; }

// Stack overflow shows as a double fault: the page fault's own frame finds no stack either.
bool DescribeStackOverflow(TextBuffer& line, std::uint64_t address) {
  const ThreadContext* thread = ThisPerCpu().running;
  if (thread == nullptr) return false;
  const std::uint64_t bottom = thread->stack_bottom.value;
  if (address >= bottom || address < bottom - kPageSize) return false;
  line.Format("kernel stack overflow of thread with stack [{:x}, {:x}): {:x} touched", bottom, thread->stack_top,
              address);
  return true;
}

[[noreturn]] void PanicOnPageFault(const UserRegisters& frame, std::uint64_t error, std::uint64_t address) {
  FixedText<256> line;
  if (!DescribeStackOverflow(line, address)) {
    line.Format("page fault in the kernel: {} {} {:x}", AccessName(AccessOf(error)),
                IsUserAddress(address) ? "user address" : "kernel address", address);
    line.Append((error & kFaultReserved) != 0 ? ", reserved bit set in a page table"
                : (error & kFaultPresent) != 0 ? ", not allowed there"
                                               : ", nothing mapped there");
  }
  PanicAt(line.view(), frame);
}

[[noreturn]] void PanicOnException(std::uint32_t vector, const UserRegisters& frame, std::uint64_t error) {
  FixedText<256> line;
  line.Format("{} in the kernel, error code {:x}", NameOf(vector), error);
  PanicAt(line.view(), frame);
}

// The first bank that holds an error (SDM vol. 3B, 15.3).
[[noreturn]] void PanicOnMachineCheck(const UserRegisters& frame) {
  FixedText<256> line;
  line.Append("machine check");
  const std::uint64_t banks = ReadMsr(kMsrMachineCheckCapability) & 0xFF;
  for (std::uint32_t bank = 0; bank < banks; ++bank) {
    const std::uint32_t status_msr = kMsrMachineCheckStatus + 4 * bank;
    const std::uint64_t status = ReadMsr(status_msr);
    if ((status >> 63) == 0) continue;
    line.Format(": bank {}, status {:x}", bank, status);
    if ((status >> 58 & 1) != 0) line.Format(", address {:x}", ReadMsr(status_msr + 1));
    break;
  }
  PanicAt(line.view(), frame);
}

void UserPageFault(UserRegisters& frame, std::uint64_t error, std::uint64_t address) {
  if ((error & kFaultReserved) != 0) PanicOnPageFault(frame, error, address);
  EnableInterrupts();
  if ((error & kFaultUser) == 0) {
    // An access that the CPU made for itself (SDM vol. 3A, 4.7): none of the kernel's structures is absent, and mending the
    // user's page would not help. QEMU 7's IRETQ in user mode reads its stack in this way, which SMAP forbids.
    upcall::OnUserException(upcall::UserException::kGeneralProtection, frame);
  } else if (!IsUserAddress(address)) {
    // Any access of the kernel's half: a plain bad access for the program.
    const upcall::PageFault fault{VirtAddr{address}, AccessOf(error), false, true};
    (void)upcall::OnPageFault(fault);
  } else {
    const upcall::PageFault fault{VirtAddr{address}, AccessOf(error), (error & kFaultPresent) != 0, true};
    (void)upcall::OnPageFault(fault);
  }
  DisableInterrupts();
}

void KernelPageFault(UserRegisters& frame, std::uint64_t error, std::uint64_t address) {
  const std::uint64_t fixup = UserCopyFixup(frame.rip);
  if (fixup == 0 || !IsUserAddress(address) || (error & kFaultReserved) != 0) {
    PanicOnPageFault(frame, error, address);
  }
  const bool interrupts_on = (frame.rflags & kFlagInterrupt) != 0;
  if (interrupts_on) EnableInterrupts();
  const upcall::PageFault fault{VirtAddr{address}, AccessOf(error), (error & kFaultPresent) != 0, false};
  const upcall::FaultOutcome outcome = upcall::OnPageFault(fault);
  DisableInterrupts();
  if (outcome == upcall::FaultOutcome::kFailed) frame.rip = fixup;
}

// The error code lies where the system call's number belongs.
std::uint64_t TakeErrorCode(UserRegisters& frame) {
  const std::uint64_t error = frame.original_rax;
  frame.original_rax = kNoSystemCall;
  return error;
}

}  // namespace

void SetInterruptHandler(unsigned vector, InterruptHandler handler) { handlers[vector] = handler; }
void SetEndOfInterrupt(void (*function)()) { end_of_interrupt = function; }

// The four below are called by traps.S, interrupts off.
extern "C" void TrapFromUser(std::uint32_t vector, UserRegisters& frame) {
  const std::uint64_t error = TakeErrorCode(frame);
  if (vector >= kFirstInterrupt) return HandleInterrupt(vector);
  if (vector == kPageFault) return UserPageFault(frame, error, ReadCr2());
  EnableInterrupts();
  upcall::OnUserException(ExceptionOf(vector), frame);
  DisableInterrupts();
}

extern "C" void TrapFromKernel(std::uint32_t vector, UserRegisters& frame) {
  const std::uint64_t error = TakeErrorCode(frame);
  if (vector >= kFirstInterrupt) {
    HandleInterrupt(vector);
    if ((frame.rflags & kFlagInterrupt) != 0) upcall::BeforeReturnToKernel();
    return;
  }
  if (vector == kPageFault) return KernelPageFault(frame, error, ReadCr2());
  if (vector == kGeneralProtection) {
    if (const std::uint64_t fixup = GeneralProtectionFixup(frame.rip); fixup != 0) {
      frame.rip = fixup;
      return;
    }
  }
  PanicOnException(vector, frame, error);
}

// NMI, double fault, machine check: on their own stacks, from anywhere.
extern "C" void TrapAnywhere(std::uint32_t vector, UserRegisters& frame) {
  const std::uint64_t error = TakeErrorCode(frame);
  if (vector == kNmi) {
    FixedText<80> line;
    line.Format("escapement: non-maskable interrupt on CPU {}, ignored\n", ThisPerCpu().cpu);
    WriteEmergency(line.view());
    return;
  }
  if (vector == kDoubleFault) {
    FixedText<256> line;
    if (DescribeStackOverflow(line, ReadCr2())) PanicAt(line.view(), frame);
  }
  if (vector == kMachineCheck) PanicOnMachineCheck(frame);
  PanicOnException(vector, frame, error);
}

}  // namespace esc::arch::x86
