// The end of the machine.
#pragma once

#include <cstdint>

namespace esc::arch {

// QEMU's exit device with `code & 0x7F` when it is there, else ACPI S5, else halt. code 0 is a clean end.
[[noreturn]] void PowerOff(std::uint8_t code);
// Keyboard controller or ACPI reset; QEMU with -no-reboot ends.
[[noreturn]] void Reset();
[[noreturn]] void Halt();

}  // namespace esc::arch
