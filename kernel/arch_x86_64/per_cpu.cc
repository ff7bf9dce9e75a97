#include "kernel/arch_x86_64/per_cpu.h"

#include "kernel/arch_api/cpu.h"
#include "kernel/arch_x86_64/instructions.h"
#include "kernel/base/port.h"

namespace esc::arch {
namespace x86 {
namespace {

constinit PerCpu boot_cpu;
constinit std::array<PerCpu*, kMaxCpus> all_cpus{};
constinit std::uint32_t cpu_count = 1;

}  // namespace

PerCpu* PerCpuOf(CpuId cpu) { return cpu.value < kMaxCpus ? all_cpus[cpu.value] : nullptr; }

// Runs before the stack protector has its value.
[[gnu::no_stack_protector]] void InitBootPerCpu() {
  boot_cpu.self = &boot_cpu;
  all_cpus[0] = &boot_cpu;
  WriteMsr(kMsrGsBase, reinterpret_cast<std::uint64_t>(&boot_cpu));
  WriteMsr(kMsrKernelGsBase, 0);
}

}  // namespace x86

CpuId ThisCpu() { return x86::ThisPerCpu().cpu; }
std::uint32_t CpuCount() { return x86::cpu_count; }
void* CpuLocal() { return x86::ThisPerCpu().local; }
void SetCpuLocal(void* local) { x86::ThisPerCpu().local = local; }

void WaitForInterrupt() { asm volatile("sti; hlt; cli" ::: "memory"); }

bool HardwareRandom(std::uint64_t& value) {
  // CPUID.1:ECX[30]. Ten tries: SDM vol. 1, 7.3.17.1.
  if ((x86::Cpuid(1).ecx >> 30 & 1) == 0) return false;
  for (int attempt = 0; attempt < 10; ++attempt) {
    bool done;
    asm volatile("rdrand %0" : "=r"(value), "=@ccc"(done));
    if (done) return true;
  }
  return false;
}

}  // namespace esc::arch

namespace esc::port {

InterruptState DisableInterrupts() {
  const std::uint64_t flags = arch::x86::ReadFlags();
  arch::x86::DisableInterrupts();
  return static_cast<InterruptState>(flags & arch::x86::kFlagInterrupt);
}
void RestoreInterrupts(InterruptState state) {
  if (state != InterruptState{0}) arch::x86::EnableInterrupts();
}
bool InterruptsEnabled() { return (arch::x86::ReadFlags() & arch::x86::kFlagInterrupt) != 0; }
void CpuRelax() { asm volatile("pause" ::: "memory"); }
LockTrace& CurrentLockTrace() { return arch::x86::ThisPerCpu().lock_trace; }

}  // namespace esc::port
