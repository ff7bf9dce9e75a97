#include "kernel/linux_abi/vsyscall.h"

#include "kernel/arch_api/paging.h"
#include "kernel/linux_abi/clocks.h"
#include "kernel/linux_abi/system.h"
#include "kernel/mm/user_copy.h"

namespace esc::linux_abi {
namespace {

// uapi/asm/vsyscall.h
constexpr std::uint64_t kGetTimeOfDay = 0xffff'ffff'ff60'0000, kTime = kGetTimeOfDay + 0x400, kGetCpu = kGetTimeOfDay + 0x800;

}  // namespace

bool IsVsyscall(const core::SignalInfo& fault, const arch::UserRegisters& registers) {
  if (fault.signal != core::Signal::kSegmentation || fault.address != registers.rip) return false;
  return registers.rip == kGetTimeOfDay || registers.rip == kTime || registers.rip == kGetCpu;
}

bool DoVsyscall(arch::UserRegisters& registers) {
  const Result<std::uint64_t> caller = mm::ReadUser<std::uint64_t>({registers.rsp});
  if (!caller.ok() || *caller >= arch::kUserEnd.value) return false;
  const VirtAddr first{registers.rdi}, second{registers.rsi};
  const Answer answer = registers.rip == kGetTimeOfDay ? GetTimeOfDay(first, second)
                        : registers.rip == kTime       ? GetTime(first)
                                                       : GetCpu(first, second);
  if (answer.IsError()) return false;
  registers.rax = static_cast<std::uint64_t>(answer.value());
  registers.rip = *caller;
  registers.rsp += sizeof(*caller);
  return true;
}

}  // namespace esc::linux_abi
