#include "kernel/arch_x86_64/machine.h"

#include <array>
#include <string_view>

#include "kernel/arch_x86_64/acpi.h"
#include "kernel/arch_x86_64/apic.h"
#include "kernel/arch_x86_64/clock.h"
#include "kernel/arch_x86_64/descriptor_tables.h"
#include "kernel/arch_x86_64/paging.h"
#include "kernel/arch_x86_64/power.h"
#include "kernel/arch_x86_64/power_ports.h"
#include "kernel/arch_x86_64/serial.h"
#include "kernel/arch_x86_64/traps.h"
#include "kernel/base/bits.h"
#include "kernel/base/log.h"

namespace esc::arch::x86 {
namespace {

constexpr PhysAddr kUsualIoApic{0xFEC00000};
constexpr unsigned kConsoleLine = 4;  // COM1's ISA interrupt

// Filled at boot, constant afterwards. Device 0 is the local APIC, the next are the I/O APICs, then may come the sleep register.
struct Machine {
  PowerPorts power;
  std::uint16_t pm_timer_port;
  IsaRoute console;
  std::array<IoApicInfo, 8> io_apics;
  std::size_t io_apic_count;
  std::array<PhysAddr, 10> devices;
  std::size_t device_count;
};
constinit Machine machine{};

// Registers of device `i`, where they are mapped; they need not begin at the page's start.
std::uint64_t RegistersOf(std::size_t i) {
  return kDeviceWindow + i * kPageSize + machine.devices[i].value % kPageSize;
}

Result<AcpiInfo> ReadTables(const LoaderInfo& loader, PhysicalReader read) {
  if (!loader.rsdp_copy.empty()) {
    const auto root = ParseRootPointer(loader.rsdp_copy);
    if (root.ok()) return ReadAcpi(*root, read);
  }
  if (loader.rsdp.value != 0) {
    // 36 bytes hold every version's structure.
    const auto root = ParseRootPointer(ESC_TRY(ReadPhysical(read, loader.rsdp, 36)));
    if (root.ok()) return ReadAcpi(*root, read);
  }
  return ReadAcpi(ESC_TRY(FindRootPointer(read)), read);
}

void RouteConsole() {
  for (std::size_t i = 0; i < machine.io_apic_count; ++i) {
    const std::uint64_t registers = RegistersOf(i + 1);
    const unsigned pins = InitIoApic(registers);
    const std::uint32_t first = machine.io_apics[i].first_gsi;
    if (machine.console.gsi < first || machine.console.gsi - first >= pins) continue;
    RouteInterrupt(registers, machine.console.gsi - first, machine.console, kVectorConsole);
  }
  SetInterruptHandler(kVectorConsole, SerialInterrupt);
  EnableSerialInput();
}

}  // namespace

void DiscoverMachine(const LoaderInfo& loader, PhysicalReader read) {
  AcpiInfo acpi;
  const auto tables = ReadTables(loader, read);
  if (tables.ok()) {
    acpi = *tables;
  } else {
    Log("escapement: ACPI tables: {}; the usual places of a PC are assumed", tables.status());
  }
  if (acpi.io_apics.size() == 0) (void)acpi.io_apics.Add({kUsualIoApic, 0});
  machine.power = acpi.power;
  machine.pm_timer_port = acpi.pm_timer_port;
  machine.console = acpi.isa[kConsoleLine];
  machine.devices[0] = acpi.local_apic;
  machine.io_apic_count = acpi.io_apics.size();
  for (std::size_t i = 0; i < acpi.io_apics.size(); ++i) {
    machine.io_apics[i] = acpi.io_apics[i];
    machine.devices[i + 1] = acpi.io_apics[i].base;
  }
  machine.device_count = machine.io_apic_count + 1;
  if (machine.power.sleep_control.value != 0) machine.devices[machine.device_count++] = machine.power.sleep_control;
  for (const std::string_view table : acpi.damaged.span()) {
    Log("escapement: ACPI table {}: its checksum or length is wrong; it is passed over", table);
  }
  SetPowerPorts(machine.power);
  if (acpi.cpus.size() > 1) Log("escapement: {} CPUs, of which one is used", acpi.cpus.size());
}

std::span<const PhysAddr> MachineDevices() { return {machine.devices.data(), machine.device_count}; }

void StartMachine() {
  if (machine.power.sleep_control.value != 0) SetSleepControl(RegistersOf(machine.io_apic_count + 1));
  SilencePic();
  InitLocalApic(RegistersOf(0));
  InitClock(machine.pm_timer_port);
  InitApicTimer();
  RouteConsole();
}

}  // namespace esc::arch::x86
