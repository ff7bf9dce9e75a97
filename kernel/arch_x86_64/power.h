// Power-off and reset by the registers that ACPI told of, beside those that need no telling.
#pragma once

#include <cstdint>

#include "kernel/arch_x86_64/power_ports.h"

namespace esc::arch::x86 {

void SetPowerPorts(const PowerPorts& found);

// Where PowerPorts::sleep_control is mapped, once it is.
void SetSleepControl(std::uint64_t register_address);

}  // namespace esc::arch::x86
