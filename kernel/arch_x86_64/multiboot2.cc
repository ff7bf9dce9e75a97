#include "kernel/arch_x86_64/multiboot2.h"

#include "kernel/base/bits.h"

namespace esc::arch::x86 {
namespace {

enum TagType : std::uint32_t {
  kEnd = 0,
  kCommandLine = 1,
  kModule = 3,
  kMemoryMap = 6,
  kAcpiOld = 14,
  kAcpiNew = 15,
};

struct InformationHeader {
  std::uint32_t total_bytes;
  std::uint32_t reserved;
};
struct TagHeader {
  std::uint32_t type;
  std::uint32_t bytes;  // with this header, without the padding after it
};
struct ModuleTag {
  std::uint32_t begin;
  std::uint32_t end;
};
struct MemoryMapTag {
  std::uint32_t entry_bytes;
  std::uint32_t entry_version;
};
struct MemoryMapEntry {
  std::uint64_t base;
  std::uint64_t bytes;
  std::uint32_t type;
  std::uint32_t reserved;
};
static_assert(sizeof(MemoryMapEntry) == 24);

constexpr std::uint32_t kMaxInformation = 1 << 20;

MemoryKind KindOf(std::uint32_t type) {
  if (type == 1) return MemoryKind::kUsable;
  return type == 3 ? MemoryKind::kAcpi : MemoryKind::kReserved;
}

Status AddMemoryMap(std::span<const std::byte> body, LoaderInfo& info) {
  const auto tag = ESC_TRY(ReadAt<MemoryMapTag>(body, 0));
  // Larger entries are a later version's (3.6.8), whose first members are ours.
  if (tag.entry_bytes < sizeof(MemoryMapEntry) || tag.entry_bytes % 8 != 0) return Status::kCorrupt;
  const auto entries = ESC_TRY(Slice(body, sizeof(tag), body.size() - sizeof(tag)));
  if (entries.size() % tag.entry_bytes != 0) return Status::kCorrupt;
  for (std::size_t at = 0; at < entries.size(); at += tag.entry_bytes) {
    const auto entry = ESC_TRY(ReadAt<MemoryMapEntry>(entries, at));
    if (entry.base + entry.bytes < entry.base) return Status::kCorrupt;
    if (entry.bytes == 0) continue;
    ESC_TRY(info.memory.Add({PhysAddr{entry.base}, entry.bytes, KindOf(entry.type)}));
  }
  return Status::kOk;
}

Status AddModule(std::span<const std::byte> body, LoaderInfo& info) {
  const auto tag = ESC_TRY(ReadAt<ModuleTag>(body, 0));
  if (tag.end < tag.begin) return Status::kCorrupt;
  const auto name = ESC_TRY(ReadText(body.subspan(sizeof(tag))));
  return info.modules.Add({PhysAddr{tag.begin}, tag.end - tag.begin, name});
}

Status AddTag(std::uint32_t type, std::span<const std::byte> body, LoaderInfo& info) {
  switch (type) {
    case kCommandLine:
      info.command_line = ESC_TRY(ReadText(body));
      return info.command_line.size() < kMaxCommandLine ? Status::kOk : Status::kTooLarge;
    case kModule: return AddModule(body, info);
    case kMemoryMap: return AddMemoryMap(body, info);
    case kAcpiOld:
      if (info.rsdp_copy.empty()) info.rsdp_copy = body;
      return Status::kOk;
    case kAcpiNew: info.rsdp_copy = body; return Status::kOk;
    default: return Status::kOk;
  }
}

}  // namespace

Result<LoaderInfo> ParseMultiboot2(PhysAddr information, PhysicalReader read) {
  const auto header = ESC_TRY(ReadPhysicalAs<InformationHeader>(read, information));
  if (header.total_bytes < sizeof(header) || header.total_bytes > kMaxInformation) return Status::kCorrupt;
  const auto bytes = ESC_TRY(ReadPhysical(read, information, header.total_bytes));
  LoaderInfo info;
  info.protocol = "multiboot2";
  std::size_t at = sizeof(header);
  while (true) {
    const auto tag = ESC_TRY(ReadAt<TagHeader>(bytes, at));
    if (tag.type == kEnd) return info;
    if (tag.bytes < sizeof(tag)) return Status::kCorrupt;
    const auto body = ESC_TRY(Slice(bytes, at + sizeof(tag), tag.bytes - sizeof(tag)));
    ESC_TRY(AddTag(tag.type, body, info));
    at = AlignUp<std::size_t>(at + tag.bytes, 8);
  }
}

}  // namespace esc::arch::x86
