// GDT, TSS and IDT of one CPU, and the MSRs of the SYSCALL instruction.
#pragma once

#include "kernel/arch_x86_64/per_cpu.h"
#include "kernel/base/units.h"

namespace esc::arch::x86 {

// Interrupt vectors beyond the exceptions.
inline constexpr unsigned kVectorCount = 256;
inline constexpr unsigned kVectorPicBase = 0x20;  // masked, but the 8259 may still raise spurious ones
inline constexpr unsigned kVectorConsole = 0x30;
inline constexpr unsigned kVectorTimer = 0xEF;
inline constexpr unsigned kVectorReschedule = 0xF0;
inline constexpr unsigned kVectorSpurious = 0xFF;

// Loads them on the CPU that runs. After it every trap has a handler, and stack overflow has a stack.
void LoadDescriptorTables(PerCpu& cpu);

// Whether it is the page below one of the stacks for double faults, NMIs and machine checks: the kernel's page tables leave it out,
// so that an overflow there hits nothing else.
bool IsTrapStackGuard(VirtAddr page);

}  // namespace esc::arch::x86
