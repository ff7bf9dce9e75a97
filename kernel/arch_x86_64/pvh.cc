#include "kernel/arch_x86_64/pvh.h"

namespace esc::arch::x86 {
namespace {

struct StartInfo {
  std::uint32_t magic;
  std::uint32_t version;
  std::uint32_t flags;
  std::uint32_t module_count;
  std::uint64_t module_list;
  std::uint64_t command_line;
  std::uint64_t rsdp;
  std::uint64_t memory_map;
  std::uint32_t memory_map_count;
  std::uint32_t reserved;
};
static_assert(sizeof(StartInfo) == 56);

struct ModuleEntry {
  std::uint64_t base;
  std::uint64_t bytes;
  std::uint64_t command_line;
  std::uint64_t reserved;
};
static_assert(sizeof(ModuleEntry) == 32);

struct MemoryMapEntry {
  std::uint64_t base;
  std::uint64_t bytes;
  std::uint32_t type;  // as E820 (ACPI 6.4, table 15-374)
  std::uint32_t reserved;
};
static_assert(sizeof(MemoryMapEntry) == 24);

constexpr std::uint32_t kMagic = 0x336EC578;

MemoryKind KindOf(std::uint32_t type) {
  if (type == 1) return MemoryKind::kUsable;
  return type == 3 ? MemoryKind::kAcpi : MemoryKind::kReserved;
}

Status ReadMemoryMap(const StartInfo& start, PhysicalReader read, LoaderInfo& info) {
  if (start.memory_map_count > kMaxMemoryRanges) return Status::kTooLarge;
  for (std::uint64_t i = 0; i < start.memory_map_count; ++i) {
    const PhysAddr at{start.memory_map + i * sizeof(MemoryMapEntry)};
    const auto entry = ESC_TRY(ReadPhysicalAs<MemoryMapEntry>(read, at));
    if (entry.base + entry.bytes < entry.base) return Status::kCorrupt;
    if (entry.bytes == 0) continue;
    ESC_TRY(info.memory.Add({PhysAddr{entry.base}, entry.bytes, KindOf(entry.type)}));
  }
  return Status::kOk;
}

Status ReadModules(const StartInfo& start, PhysicalReader read, LoaderInfo& info) {
  if (start.module_count > kMaxModules) return Status::kTooLarge;
  for (std::uint64_t i = 0; i < start.module_count; ++i) {
    const PhysAddr at{start.module_list + i * sizeof(ModuleEntry)};
    const auto entry = ESC_TRY(ReadPhysicalAs<ModuleEntry>(read, at));
    if (entry.base + entry.bytes < entry.base) return Status::kCorrupt;
    LoaderModule module{PhysAddr{entry.base}, entry.bytes, {}};
    if (entry.command_line != 0) {
      module.name = ESC_TRY(ReadPhysicalText(read, PhysAddr{entry.command_line}, kMaxCommandLine));
    }
    ESC_TRY(info.modules.Add(module));
  }
  return Status::kOk;
}

}  // namespace

Result<LoaderInfo> ParsePvh(PhysAddr start_info, PhysicalReader read) {
  const auto start = ESC_TRY(ReadPhysicalAs<StartInfo>(read, start_info));
  if (start.magic != kMagic) return Status::kCorrupt;
  if (start.version < 1) return Status::kNotSupported;
  LoaderInfo info;
  info.protocol = "pvh";
  info.rsdp = PhysAddr{start.rsdp};
  if (start.command_line != 0) {
    info.command_line = ESC_TRY(ReadPhysicalText(read, PhysAddr{start.command_line}, kMaxCommandLine));
  }
  ESC_TRY(ReadMemoryMap(start, read, info));
  ESC_TRY(ReadModules(start, read, info));
  return info;
}

}  // namespace esc::arch::x86
