// The end of the machine.
#pragma once

#include <cstdint>

namespace esc::arch {

// How the machine ends when the kernel itself gives up. The values are what a watcher of the machine is told.
enum class FatalEnd : std::uint8_t {
  kRefusedToBoot = 120,  // A line on the console has said why.
  kPanic = 127,
};

// Tells a watcher of the machine, if there is one, and powers off; halts where there is no power switch. `init_status` is
// 0 to 255 as a shell reports it: init's exit status, or 128 and the signal that killed it.
[[noreturn]] void PowerOff(std::uint8_t init_status);
[[noreturn]] void PowerOff(FatalEnd end);
// Keyboard controller or ACPI reset; QEMU with -no-reboot ends.
[[noreturn]] void Reset();
[[noreturn]] void Halt();

}  // namespace esc::arch
