// Where traps arrive in C++, and who handles the interrupts among them.
#pragma once

#include <cstdint>

#include "kernel/arch_api/user_registers.h"

namespace esc::arch::x86 {

// A handler runs with interrupts off, after the local APIC was told that the interrupt has ended.
using InterruptHandler = void (*)();
void SetInterruptHandler(unsigned vector, InterruptHandler handler);

// Ends an interrupt at the controller; set by whoever drives it. Null until then.
void SetEndOfInterrupt(void (*end_of_interrupt)());

}  // namespace esc::arch::x86
