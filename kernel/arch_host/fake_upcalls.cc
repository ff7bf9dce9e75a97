#include "kernel/arch_host/fake_upcalls.h"

#include "kernel/base/log.h"

namespace esc {

namespace host {
UpcallHooks& Hooks() {
  static UpcallHooks hooks;
  return hooks;
}
}  // namespace host

namespace upcall {

using host::Hooks;

void KernelMain(const arch::BootInfo& info) {
  if (Hooks().kernel_main) Hooks().kernel_main(info);
  Panic("KernelMain returned");
}
void OnTimer() {
  if (Hooks().on_timer) Hooks().on_timer();
}
void OnRescheduleRequest() {
  if (Hooks().on_reschedule) Hooks().on_reschedule();
}
void OnConsoleInput(char c) {
  if (Hooks().on_console_input) Hooks().on_console_input(c);
}
void BeforeReturnToKernel() {
  if (Hooks().before_return_to_kernel) Hooks().before_return_to_kernel();
}
void BeforeReturnToUser(arch::UserRegisters& registers) {
  if (Hooks().before_return_to_user) Hooks().before_return_to_user(registers);
}
void OnSystemCall(arch::UserRegisters& registers) {
  if (!Hooks().on_system_call) Panic("a system call and no hook for it");
  Hooks().on_system_call(registers);
}
FaultOutcome OnPageFault(const PageFault& fault) {
  if (Hooks().on_page_fault) return Hooks().on_page_fault(fault);
  if (fault.from_user) Panic("a page fault of user code at {:x} and no hook for it", fault.address);
  return FaultOutcome::kFailed;
}
void OnUserException(UserException exception, arch::UserRegisters& registers) {
  if (!Hooks().on_user_exception) Panic("a user exception and no hook for it");
  Hooks().on_user_exception(exception, registers);
}
void OnPanic() {
  if (Hooks().on_panic) Hooks().on_panic();
}

}  // namespace upcall
}  // namespace esc
