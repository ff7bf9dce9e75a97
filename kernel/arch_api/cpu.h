// The CPU that executes, as the layers above need it. All functions: any context, no locks, O(1).
#pragma once

#include <cstdint>

#include "kernel/base/units.h"

namespace esc::arch {

CpuId ThisCpu();
std::uint32_t CpuCount();  // CPUs that run the kernel now; ids are 0 .. CpuCount()-1

// One pointer a CPU for the core layer (its PerCpu block); nullptr until set. Read it with interrupts off or
// preemption disabled: after a switch it may be another CPU's.
void* CpuLocal();
void SetCpuLocal(void* local);

// Call with interrupts off. Enables them and halts in one step, so that an interrupt that is already
// pending ends the halt (SDM vol. 2, STI: one-instruction shadow); returns with interrupts off again,
// after at least one interrupt was handled.
void WaitForInterrupt();

// Makes `cpu` run upcall::OnRescheduleRequest soon. A no-op for this CPU and for one that does not run.
void SendReschedule(CpuId cpu);

// Bytes from the hardware's random source (RDRAND; seeded generator on the simulated machine); false when
// there is none.
bool HardwareRandom(std::uint64_t& value);

}  // namespace esc::arch
