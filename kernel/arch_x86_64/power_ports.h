// The registers that end or reset the machine, as ACPI names them.
#pragma once

#include <cstdint>

#include "kernel/base/units.h"

namespace esc::arch::x86 {

struct PowerPorts {
  std::uint16_t pm1a_control = 0;  // 0: no soft power-off
  std::uint16_t pm1b_control = 0;
  std::uint8_t s5_type_a = 0;
  std::uint8_t s5_type_b = 0;
  std::uint16_t reset_port = 0;  // 0: none
  std::uint8_t reset_value = 0;
  PhysAddr sleep_control{};  // of hardware-reduced ACPI, in memory, instead of pm1a_control; 0: none
};

}  // namespace esc::arch::x86
