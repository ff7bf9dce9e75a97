#include "kernel/arch_x86_64/acpi.h"

#include <algorithm>

namespace esc::arch::x86 {
namespace {

constexpr std::size_t kHeaderBytes = 36;  // 5.2.6
constexpr std::uint32_t kMaxTable = 4 << 20;

std::span<const std::byte> AsBytes(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

bool StartsWith(std::span<const std::byte> bytes, std::string_view text) {
  return bytes.size() >= text.size() && std::equal(text.begin(), text.end(), bytes.begin(), [](char c, std::byte b) {
           return static_cast<std::byte>(c) == b;
         });
}

bool SumIsZero(std::span<const std::byte> bytes) {
  std::uint8_t sum = 0;
  for (const std::byte b : bytes) sum = static_cast<std::uint8_t>(sum + static_cast<std::uint8_t>(b));
  return sum == 0;
}

// A whole table: header, length, checksum.
Result<std::span<const std::byte>> ReadTable(PhysicalReader read, PhysAddr at) {
  const auto header = ESC_TRY(ReadPhysical(read, at, kHeaderBytes));
  const auto bytes = ESC_TRY(ReadAt<std::uint32_t>(header, 4));
  if (bytes < kHeaderBytes || bytes > kMaxTable) return Status::kCorrupt;
  const auto table = ESC_TRY(ReadPhysical(read, at, bytes));
  if (!SumIsZero(table)) return Status::kCorrupt;
  return table;
}

// MADT entries (5.2.12, table 5-45).
enum MadtType : std::uint8_t {
  kLocalApic = 0,
  kIoApic = 1,
  kInterruptOverride = 2,
  kLocalApicAddress = 5,
  kLocalX2Apic = 9,
};

constexpr std::uint32_t kCpuEnabled = 1;

// No page table entry holds more: SDM vol. 3A, 4.1.4.
constexpr PhysAddr kPhysicalEnd{std::uint64_t{1} << 52};

// A CPU beyond what the kernel can run is left out.
void AddCpu(std::uint32_t apic_id, std::uint32_t flags, AcpiInfo& info) {
  if ((flags & kCpuEnabled) != 0) (void)info.cpus.Add(apic_id);
}

Status AddOverride(std::span<const std::byte> entry, AcpiInfo& info) {
  const auto source = ESC_TRY(ReadAt<std::uint8_t>(entry, 3));
  const auto gsi = ESC_TRY(ReadAt<std::uint32_t>(entry, 4));
  const auto flags = ESC_TRY(ReadAt<std::uint16_t>(entry, 8));
  if (source >= kIsaLines) return Status::kCorrupt;
  // Polarity in bits 0-1, trigger in bits 2-3; 3 means active low, level. ISA's own are high and edge.
  info.isa[source] = IsaRoute{gsi, (flags & 3) == 3, (flags >> 2 & 3) == 3};
  return Status::kOk;
}

Status AddMadtEntry(std::uint8_t type, std::span<const std::byte> entry, AcpiInfo& info) {
  switch (type) {
    case kLocalApic:
      AddCpu(ESC_TRY(ReadAt<std::uint8_t>(entry, 3)), ESC_TRY(ReadAt<std::uint32_t>(entry, 4)), info);
      return Status::kOk;
    case kLocalX2Apic:
      AddCpu(ESC_TRY(ReadAt<std::uint32_t>(entry, 4)), ESC_TRY(ReadAt<std::uint32_t>(entry, 8)), info);
      return Status::kOk;
    case kIoApic: {
      const auto base = ESC_TRY(ReadAt<std::uint32_t>(entry, 4));
      // One beyond the list is left out: the first ones have the ISA lines.
      (void)info.io_apics.Add({PhysAddr{base}, ESC_TRY(ReadAt<std::uint32_t>(entry, 8))});
      return Status::kOk;
    }
    case kInterruptOverride: return AddOverride(entry, info);
    case kLocalApicAddress: {
      const PhysAddr address{ESC_TRY(ReadAt<std::uint64_t>(entry, 4))};
      if (address >= kPhysicalEnd) return Status::kCorrupt;
      info.local_apic = address;
      return Status::kOk;
    }
    default: return Status::kOk;
  }
}

// PkgLength (20.2.4): how many bytes it takes; what it says does not matter here.
std::size_t PackageLengthBytes(std::byte first) { return 1 + (static_cast<std::uint8_t>(first) >> 6); }

// A small integer of AML: Zero, One, or a byte constant (20.2.3). Moves `at` past it.
std::optional<std::uint8_t> TakeInteger(std::span<const std::byte> code, std::size_t& at) {
  constexpr std::byte kZero{0}, kOne{1}, kBytePrefix{0x0A};
  if (at >= code.size()) return std::nullopt;
  const std::byte op = code[at++];
  if (op == kZero || op == kOne) return static_cast<std::uint8_t>(op);
  if (op != kBytePrefix || at >= code.size()) return std::nullopt;
  return static_cast<std::uint8_t>(code[at++]);
}

std::optional<SleepType> ReadSleepPackage(std::span<const std::byte> code, std::size_t at) {
  constexpr std::byte kPackage{0x12};
  if (at >= code.size() || code[at++] != kPackage) return std::nullopt;
  if (at >= code.size()) return std::nullopt;
  at += PackageLengthBytes(code[at]) + 1;  // and the number of elements
  const auto a = TakeInteger(code, at);
  const auto b = TakeInteger(code, at);
  // Three bits go into PM1 control.
  if (!a || !b || *a > 7 || *b > 7) return std::nullopt;
  return SleepType{*a, *b};
}

// The tables that are missed when they are damaged.
constexpr std::string_view kNeeded[] = {"APIC", "FACP", "DSDT"};

// Whoever cannot even be read (it may lie above what is mapped at boot) has no name to note.
void NoteDamaged(PhysicalReader read, PhysAddr at, AcpiInfo& info) {
  const auto header = ReadPhysical(read, at, kHeaderBytes);
  if (!header.ok()) return;
  for (const std::string_view name : kNeeded) {
    if (StartsWith(*header, name)) (void)info.damaged.Add(name);
  }
}

void AddPower(std::span<const std::byte> fadt, PhysicalReader read, AcpiInfo& info) {
  const auto dsdt_at = ParseFadt(fadt, info);
  const auto dsdt = dsdt_at.ok() ? ReadTable(read, *dsdt_at) : dsdt_at.status();
  if (dsdt_at.ok() && !dsdt.ok()) NoteDamaged(read, *dsdt_at, info);
  const auto sleep = dsdt.ok() ? FindSoftOff(dsdt->subspan(kHeaderBytes)) : std::nullopt;
  if (!sleep) {
    // The registers alone would put the machine into some other sleep.
    info.power.pm1a_control = 0;
    info.power.sleep_control = {};
    return;
  }
  info.power.s5_type_a = sleep->a;
  info.power.s5_type_b = sleep->b;
}

}  // namespace

AcpiInfo::AcpiInfo() {
  for (unsigned line = 0; line < kIsaLines; ++line) isa[line].gsi = line;
}

Result<RootPointer> ParseRootPointer(std::span<const std::byte> bytes) {
  constexpr std::size_t kVersion1Bytes = 20;
  if (!StartsWith(bytes, "RSD PTR ")) return Status::kNotFound;
  if (!SumIsZero(ESC_TRY(Slice(bytes, 0, kVersion1Bytes)))) return Status::kCorrupt;
  const auto revision = ESC_TRY(ReadAt<std::uint8_t>(bytes, 15));
  if (revision >= 2) {
    const auto length = ESC_TRY(ReadAt<std::uint32_t>(bytes, 20));
    if (length < 33 || !SumIsZero(ESC_TRY(Slice(bytes, 0, length)))) return Status::kCorrupt;
    const auto xsdt = ESC_TRY(ReadAt<std::uint64_t>(bytes, 24));
    if (xsdt != 0) return RootPointer{PhysAddr{xsdt}, true};
  }
  return RootPointer{PhysAddr{ESC_TRY(ReadAt<std::uint32_t>(bytes, 16))}, false};
}

Result<RootPointer> FindRootPointer(PhysicalReader read) {
  const auto search = [&](std::uint64_t begin, std::uint64_t bytes) -> Result<RootPointer> {
    const auto area = ESC_TRY(ReadPhysical(read, PhysAddr{begin}, bytes));
    for (std::size_t at = 0; at + 16 <= area.size(); at += 16) {
      const auto root = ParseRootPointer(area.subspan(at));
      if (root.ok()) return root;
    }
    return Status::kNotFound;
  };
  // The EBDA's segment lies at 0x40E.
  const auto segment = ReadPhysicalAs<std::uint16_t>(read, PhysAddr{0x40E});
  if (segment.ok() && *segment != 0) {
    const auto root = search(std::uint64_t{*segment} << 4, 1024);
    if (root.ok()) return root;
  }
  return search(0xE0000, 0x20000);
}

Status ParseMadt(std::span<const std::byte> table, AcpiInfo& info) {
  if (!StartsWith(table, "APIC")) return Status::kInvalidArgument;
  info.local_apic = PhysAddr{ESC_TRY(ReadAt<std::uint32_t>(table, kHeaderBytes))};
  std::size_t at = kHeaderBytes + 8;
  while (at < table.size()) {
    const auto type = ESC_TRY(ReadAt<std::uint8_t>(table, at));
    const auto bytes = ESC_TRY(ReadAt<std::uint8_t>(table, at + 1));
    if (bytes < 2) return Status::kCorrupt;
    ESC_TRY(AddMadtEntry(type, ESC_TRY(Slice(table, at, bytes)), info));
    at += bytes;
  }
  return Status::kOk;
}

Result<PhysAddr> ParseFadt(std::span<const std::byte> table, AcpiInfo& info) {
  if (!StartsWith(table, "FACP")) return Status::kInvalidArgument;
  const auto dsdt = ESC_TRY(ReadAt<std::uint32_t>(table, 40));
  info.power.pm1a_control = static_cast<std::uint16_t>(ESC_TRY(ReadAt<std::uint32_t>(table, 64)));
  info.power.pm1b_control = static_cast<std::uint16_t>(ESC_TRY(ReadAt<std::uint32_t>(table, 68)));
  info.pm_timer_port = static_cast<std::uint16_t>(ESC_TRY(ReadAt<std::uint32_t>(table, 76)));
  // The reset register came with version 2: flag bit 10, a generic address (5.2.3.2), a value.
  constexpr std::uint32_t kResetSupported = 1 << 10;
  constexpr std::uint8_t kSystemIo = 1;
  const auto flags = ReadAt<std::uint32_t>(table, 112);
  const auto space = ReadAt<std::uint8_t>(table, 116);
  const auto address = ReadAt<std::uint64_t>(table, 120);
  const auto value = ReadAt<std::uint8_t>(table, 128);
  if (value.ok() && (*flags & kResetSupported) != 0 && *space == kSystemIo && *address <= 0xFFFF) {
    info.power.reset_port = static_cast<std::uint16_t>(*address);
    info.power.reset_value = *value;
  }
  // Hardware-reduced (flag bit 20): no PM1 block, and a sleep control register instead (table 5-9, 4.8.3.7).
  constexpr std::uint32_t kHardwareReduced = 1 << 20;
  constexpr std::uint8_t kSystemMemory = 0;
  const auto sleep_space = ReadAt<std::uint8_t>(table, 244);
  const auto sleep_control = ReadAt<std::uint64_t>(table, 248);
  if (sleep_control.ok() && (*flags & kHardwareReduced) != 0 && *sleep_space == kSystemMemory &&
      PhysAddr{*sleep_control} < kPhysicalEnd) {
    info.power.sleep_control = PhysAddr{*sleep_control};
  }
  // X_DSDT, of version 2 and later, alone where the table lies above 4 GiB or the firmware is modern.
  const auto wide_dsdt = ReadAt<std::uint64_t>(table, 140);
  return PhysAddr{dsdt == 0 && wide_dsdt.ok() ? *wide_dsdt : dsdt};
}

std::optional<SleepType> FindSoftOff(std::span<const std::byte> dsdt) {
  constexpr std::string_view kName = "_S5_";
  const auto name = AsBytes(kName);
  for (auto at = dsdt.begin(); ; ++at) {
    at = std::search(at, dsdt.end(), name.begin(), name.end());
    if (at == dsdt.end()) return std::nullopt;
    const auto offset = static_cast<std::size_t>(at - dsdt.begin());
    // NameOp, perhaps with the root's backslash (20.2.5.1): the name's definition, not a use of it.
    const bool named = (offset >= 1 && dsdt[offset - 1] == std::byte{0x08}) ||
                       (offset >= 2 && dsdt[offset - 2] == std::byte{0x08} && dsdt[offset - 1] == std::byte{'\\'});
    if (!named) continue;
    if (const auto sleep = ReadSleepPackage(dsdt, offset + kName.size())) return sleep;
  }
}

Result<AcpiInfo> ReadAcpi(const RootPointer& root, PhysicalReader read) {
  const auto table = ESC_TRY(ReadTable(read, root.table));
  if (!StartsWith(table, root.wide ? "XSDT" : "RSDT")) return Status::kCorrupt;
  AcpiInfo info;
  const std::size_t entry_bytes = root.wide ? 8 : 4;
  for (std::size_t at = kHeaderBytes; at + entry_bytes <= table.size(); at += entry_bytes) {
    const std::uint64_t address =
        root.wide ? ESC_TRY(ReadAt<std::uint64_t>(table, at)) : ESC_TRY(ReadAt<std::uint32_t>(table, at));
    const auto entry = ReadTable(read, PhysAddr{address});
    if (!entry.ok()) {
      NoteDamaged(read, PhysAddr{address}, info);
      continue;
    }
    if (StartsWith(*entry, "APIC")) ESC_TRY(ParseMadt(*entry, info));
    if (StartsWith(*entry, "FACP")) AddPower(*entry, read, info);
  }
  return info;
}

}  // namespace esc::arch::x86
