#include "kernel/arch_api/power.h"

#include <algorithm>
#include <cstdint>

#include "kernel/arch_x86_64/instructions.h"
#include "kernel/arch_x86_64/power.h"
#include "kernel/arch_x86_64/serial.h"

namespace esc::arch {
namespace {

// QEMU's isa-debug-exit as our runner places it. What it reports has seven bits, of which the highest values are FatalEnd's and
// the runner's own: so init's status goes to QEMU's debug console before, whole, and here as far as it fits.
constexpr std::uint16_t kExitDevice = 0xF4;
constexpr std::uint16_t kDebugConsole = 0xE9;
constexpr std::uint8_t kMaxExitDeviceStatus = 119;
constexpr std::uint16_t kKeyboardCommand = 0x64;
constexpr std::uint8_t kKeyboardReset = 0xFE;
constexpr std::uint16_t kSleepEnable = 1 << 13;  // PM1 control, ACPI 6.4, 4.8.3.2.1
constexpr unsigned kSleepTypeShift = 10;
constexpr std::uint8_t kSleepControlEnable = 1 << 5;  // sleep control register, ACPI 6.4, 4.8.3.7
constexpr unsigned kSleepControlTypeShift = 2;

// Written at boot, before anybody may end the machine by ACPI.
constinit x86::PowerPorts ports{};
constinit volatile std::uint8_t* sleep_control = nullptr;

std::uint16_t SleepCommand(std::uint8_t type) {
  return static_cast<std::uint16_t>(type << kSleepTypeShift | kSleepEnable);
}

void Settle() {
  for (unsigned i = 0; i < 100'000; ++i) asm volatile("pause" ::: "memory");
}

[[noreturn]] void End(std::uint8_t exit_device_value) {
  x86::Out8(kExitDevice, exit_device_value);
  if (ports.pm1a_control != 0) {
    x86::Out16(ports.pm1a_control, SleepCommand(ports.s5_type_a));
    if (ports.pm1b_control != 0) x86::Out16(ports.pm1b_control, SleepCommand(ports.s5_type_b));
    Settle();
  }
  if (sleep_control != nullptr) {
    *sleep_control = static_cast<std::uint8_t>(ports.s5_type_a << kSleepControlTypeShift | kSleepControlEnable);
    Settle();
  }
  x86::SerialWriteUnlocked("escapement: halted; this machine has neither QEMU's exit device nor an ACPI power switch\n");
  Halt();
}

}  // namespace

void x86::SetPowerPorts(const PowerPorts& found) { ports = found; }

void x86::SetSleepControl(std::uint64_t register_address) {
  sleep_control = reinterpret_cast<volatile std::uint8_t*>(register_address);
}

void Halt() {
  while (true) asm volatile("cli; hlt" ::: "memory");
}

void PowerOff(std::uint8_t init_status) {
  x86::DisableInterrupts();
  x86::Out8(kDebugConsole, init_status);
  End(std::min(init_status, kMaxExitDeviceStatus));
}

void PowerOff(FatalEnd end) {
  x86::DisableInterrupts();
  End(static_cast<std::uint8_t>(end));
}

void Reset() {
  x86::DisableInterrupts();
  x86::Out8(kKeyboardCommand, kKeyboardReset);
  Settle();
  if (ports.reset_port != 0) x86::Out8(ports.reset_port, ports.reset_value);
  Settle();
  // A trap without any handler: triple fault, which resets (SDM vol. 3A, 6.15, interrupt 8).
  struct [[gnu::packed]] {
    std::uint16_t limit = 0;
    std::uint64_t base = 0;
  } const no_idt;
  asm volatile("lidt %0; int3" ::"m"(no_idt));
  Halt();
}

}  // namespace esc::arch
