// The devices of a PC that the kernel drives, found by ACPI and put to work in two steps.
#pragma once

#include <span>

#include "kernel/arch_x86_64/byte_reader.h"
#include "kernel/arch_x86_64/loader_info.h"
#include "kernel/base/units.h"

namespace esc::arch::x86 {

// Reads the ACPI tables, while all of the first 4 GiB can be read. Without tables a PC's usual places are
// taken, with one line that says so.
void DiscoverMachine(const LoaderInfo& loader, PhysicalReader read);

// Pages of device registers; the kernel's page tables map the i-th at kDeviceWindow + i pages.
std::span<const PhysAddr> MachineDevices();

// Interrupt controllers, clock, timer and console input, after the kernel's page tables are loaded.
void StartMachine();

}  // namespace esc::arch::x86
