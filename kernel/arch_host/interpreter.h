// Executes simulated user code, one instruction at a time, through the MMU of the machine.
#pragma once

#include "kernel/arch_api/upcalls.h"
#include "kernel/arch_api/user_registers.h"
#include "kernel/arch_host/machine.h"

namespace esc::host {

// Why user code stopped.
struct Trap {
  enum class Kind : std::uint8_t { kNone, kSystemCall, kPageFault, kException };
  Kind kind = Kind::kNone;
  upcall::PageFault fault;
  upcall::UserException exception = upcall::UserException::kOther;
};

// Executes the instruction at registers.rip and counts its time. A fault leaves the registers as they were, so that
// the instruction can be tried again.
Trap ExecuteInstruction(Machine& machine, arch::UserRegisters& registers);

}  // namespace esc::host
