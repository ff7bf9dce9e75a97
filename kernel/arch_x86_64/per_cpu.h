// One block a CPU, which GS points to while the kernel runs.
//
// In user mode GS has the user's base, and the address of this block waits in MSR_KERNEL_GS_BASE; SWAPGS at
// each entry and exit exchanges them. The user's base may be set by arch_prctl only (CR4.FSGSBASE stays off),
// which refuses addresses of the upper half: an entry that cannot trust CS (NMI, machine check, double fault)
// tells by the sign of GS's base whether SWAPGS is due.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "kernel/arch_api/thread.h"
#include "kernel/arch_x86_64/asm_layout.h"
#include "kernel/base/cpu_set.h"
#include "kernel/base/spin_lock.h"
#include "kernel/base/units.h"

namespace esc::arch::x86 {

// SDM vol. 3A, 8.7.
struct [[gnu::packed]] TaskStateSegment {
  std::uint32_t reserved0 = 0;
  std::uint64_t rsp0 = 0;  // stack for traps from user mode, and by our choice for system calls
  std::uint64_t rsp1 = 0;
  std::uint64_t rsp2 = 0;
  std::uint64_t reserved1 = 0;
  std::uint64_t ist[7] = {};
  std::uint64_t reserved2 = 0;
  std::uint16_t reserved3 = 0;
  std::uint16_t io_map_base = sizeof(TaskStateSegment);
};
static_assert(sizeof(TaskStateSegment) == 104);

struct PerCpu {
  PerCpu* self = nullptr;
  std::uint64_t user_rsp = 0;  // scratch of the system call entry, before it has a stack
  TaskStateSegment tss;
  void* local = nullptr;  // arch::CpuLocal
  CpuId cpu;
  std::uint32_t apic_id = 0;
  ThreadContext* running = nullptr;
  void* fpu_loaded = nullptr;         // area whose state the registers hold, as far as the kernel knows
  std::uint64_t loaded_fs_base = 0;   // what was written last; user code may have made it 0 since
  std::uint64_t loaded_gs_base = 0;
  std::int64_t timer_deadline_ns = 0;
  LockTrace lock_trace;
  alignas(16) std::array<std::uint64_t, 10> gdt{};
};
static_assert(offsetof(PerCpu, user_rsp) == ESC_CPU_USER_RSP);
static_assert(offsetof(PerCpu, tss) + offsetof(TaskStateSegment, rsp0) == ESC_CPU_KERNEL_RSP);

// Call with interrupts off, or for values that do not depend on which CPU it is.
inline PerCpu& ThisPerCpu() {
  PerCpu* block;
  asm volatile("mov %%gs:0, %0" : "=r"(block));
  return *block;
}

// Null for a CPU that was never started.
PerCpu* PerCpuOf(CpuId cpu);

// Loads GS for the boot CPU; nothing that uses per-CPU data may run before.
void InitBootPerCpu();

}  // namespace esc::arch::x86
