// The end of the kernel: a message, where it happened, and what core knows; then power-off with what arch_api/power.h names.
#pragma once

#include <string_view>

#include "kernel/arch_api/user_registers.h"

namespace esc::arch::x86 {

// With the registers and the backtrace of the interrupted code.
[[noreturn]] void PanicAt(std::string_view message, const UserRegisters& frame);

// One line past all locks.
void WriteEmergency(std::string_view text);

// Before anything but the serial port works: one line, no backtrace, power-off.
[[noreturn]] void RefuseToBoot(std::string_view message);

}  // namespace esc::arch::x86
