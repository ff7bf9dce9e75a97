// What the kernel needs of the ACPI tables (ACPI Specification 6.4): interrupt controllers, CPUs, power
// ports. Pure: bytes in, values or a Status out.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "kernel/arch_x86_64/byte_reader.h"
#include "kernel/arch_x86_64/loader_info.h"
#include "kernel/arch_x86_64/power_ports.h"
#include "kernel/base/cpu_set.h"
#include "kernel/base/status.h"
#include "kernel/base/units.h"

namespace esc::arch::x86 {

struct RootPointer {
  PhysAddr table;         // RSDT or XSDT
  bool wide = false;      // XSDT: 64-bit entries
};

struct IoApicInfo {
  PhysAddr base;
  std::uint32_t first_gsi = 0;  // global system interrupt of its pin 0
};

// How an ISA interrupt line reaches the I/O APICs.
struct IsaRoute {
  std::uint32_t gsi = 0;
  bool active_low = false;
  bool level = false;
};

struct SleepType {
  std::uint8_t a = 0;
  std::uint8_t b = 0;
};

inline constexpr unsigned kIsaLines = 16;

struct AcpiInfo {
  PhysAddr local_apic{0xFEE00000};
  FixedList<IoApicInfo, 8> io_apics;
  FixedList<std::uint32_t, kMaxCpus> cpus;  // APIC ids of the usable ones, in the table's order
  std::array<IsaRoute, kIsaLines> isa;      // identity unless overridden
  PowerPorts power;
  FixedList<std::string_view, 3> damaged;   // tables that are needed and whose checksum or length is wrong
  std::uint16_t pm_timer_port = 0;  // 0: none. 3.579545 MHz (4.8.2.1)

  AcpiInfo();
};

// The structure at the start of `bytes` (5.2.5.3), checksums verified.
Result<RootPointer> ParseRootPointer(std::span<const std::byte> bytes);
// Looks where a BIOS puts it: the first KiB of the EBDA, and 0xE0000 to 0xFFFFF (5.2.5.1).
Result<RootPointer> FindRootPointer(PhysicalReader read);

// Multiple APIC Description Table (5.2.12), whole.
Status ParseMadt(std::span<const std::byte> table, AcpiInfo& info);
// Fixed ACPI Description Table (5.2.9), whole; gives the DSDT's address, 0 without one.
Result<PhysAddr> ParseFadt(std::span<const std::byte> table, AcpiInfo& info);
// The \_S5 package in a DSDT's bytecode, by its name and shape: the full language is not interpreted.
std::optional<SleepType> FindSoftOff(std::span<const std::byte> dsdt);

// All of the above. A MADT whose entries make no sense is an error; a table with a wrong checksum is listed as damaged and taken for
// missing, and without FADT or DSDT there is only no ACPI power-off.
Result<AcpiInfo> ReadAcpi(const RootPointer& root, PhysicalReader read);

}  // namespace esc::arch::x86
