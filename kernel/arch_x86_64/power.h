// Power-off and reset by the ports that ACPI told of, beside those that need no telling.
#pragma once

#include "kernel/arch_x86_64/power_ports.h"

namespace esc::arch::x86 {

void SetPowerPorts(const PowerPorts& found);

}  // namespace esc::arch::x86
