#include "kernel/fs/test_kernel.h"

#include "kernel/arch_api/upcalls.h"
#include "kernel/base/log.h"

// The upward calls that core leaves to layers above: the tests of fs run no user program.
namespace esc::upcall {

void KernelMain(const arch::BootInfo&) { Panic("the tests of fs boot by TestKernel"); }
void OnConsoleInput(char) {}
void OnSystemCall(arch::UserRegisters&) { Panic("the tests of fs run no user program"); }

}  // namespace esc::upcall
