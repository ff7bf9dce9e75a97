// What every boot path (multiboot2 by GRUB, PVH by `qemu -kernel`, the simulated machine) ends in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "kernel/base/units.h"

namespace esc::arch {

enum class MemoryKind : std::uint8_t {
  kUsable,    // RAM, free unless a reserved range overlaps it
  kReserved,  // firmware, devices, holes: never touched
  kAcpi,      // ACPI tables: readable through the direct map
};

struct MemoryRange {
  PhysAddr base;
  std::uint64_t bytes = 0;
  MemoryKind kind = MemoryKind::kReserved;
};

// A file that the boot loader put into memory. Both views stay valid for ever, through the direct map.
struct BootModule {
  std::string_view name;  // the module's command line, e.g. "boot_config"; empty for PVH's one initrd
  std::span<const std::byte> contents;
};

struct BootInfo {
  std::string_view protocol;  // "multiboot2", "pvh", "simulated"
  std::string_view command_line;
  std::span<const MemoryRange> memory;    // as the firmware tells, sorted, not overlapping
  std::span<const MemoryRange> reserved;  // kernel image, boot page tables, modules: inside kUsable ranges, taken
  std::span<const BootModule> modules;
};

}  // namespace esc::arch
