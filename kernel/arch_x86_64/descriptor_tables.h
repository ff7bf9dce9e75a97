// GDT, TSS and IDT of one CPU, and the MSRs of the SYSCALL instruction.
#pragma once

#include "kernel/arch_x86_64/per_cpu.h"

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

}  // namespace esc::arch::x86
