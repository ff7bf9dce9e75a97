// Local APIC (SDM vol. 3A, chapter 11) in xAPIC or x2APIC mode, with its one-shot timer; the I/O APICs
// (82093AA data sheet); and the 8259s, which are only silenced.
#pragma once

#include <cstdint>

#include "kernel/arch_x86_64/acpi.h"

namespace esc::arch::x86 {

void SilencePic();

// `registers` is the uncached mapping of the local APIC's page, for xAPIC mode.
void InitLocalApic(std::uint64_t registers);
std::uint32_t LocalApicId();

// Measures the timer against the TSC and makes it the source of upcall::OnTimer. After InitClock.
void InitApicTimer();

// Masks all pins of the I/O APIC whose registers are mapped at `registers`; gives their number.
unsigned InitIoApic(std::uint64_t registers);
void RouteInterrupt(std::uint64_t registers, unsigned pin, const IsaRoute& route, unsigned vector);

}  // namespace esc::arch::x86
