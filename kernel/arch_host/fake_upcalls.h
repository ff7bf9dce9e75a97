// The upward calls of an architecture as hooks, for tests that link no core: kernel/arch_host's own and mm's.
// What has no hook does nothing, or panics where nothing would be wrong.
#pragma once

#include <functional>

#include "kernel/arch_api/upcalls.h"

namespace esc::host {

struct UpcallHooks {
  std::function<void(const arch::BootInfo&)> kernel_main;
  std::function<void()> on_timer;
  std::function<void()> on_reschedule;
  std::function<void(char)> on_console_input;
  std::function<void()> before_return_to_kernel;
  std::function<void(arch::UserRegisters&)> before_return_to_user;
  std::function<void(arch::UserRegisters&)> on_system_call;
  std::function<upcall::FaultOutcome(const upcall::PageFault&)> on_page_fault;
  std::function<void(upcall::UserException, arch::UserRegisters&)> on_user_exception;
  std::function<void()> on_panic;
};

// The hooks in force; a test's fixture sets them and clears them (`Hooks() = {}`).
UpcallHooks& Hooks();

}  // namespace esc::host
