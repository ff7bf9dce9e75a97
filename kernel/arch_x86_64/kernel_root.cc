#include "kernel/arch_x86_64/kernel_root.h"

#include <algorithm>

#include "kernel/arch_api/paging.h"
#include "kernel/arch_x86_64/asm_layout.h"
#include "kernel/arch_x86_64/descriptor_tables.h"
#include "kernel/arch_x86_64/direct_memory.h"
#include "kernel/arch_x86_64/kernel_map.h"
#include "kernel/arch_x86_64/paging.h"
#include "kernel/base/bits.h"

extern "C" {
extern const char kernel_physical_begin[];
extern const char kernel_physical_end[];
extern const char kernel_text_begin[];
extern const char kernel_text_end[];
extern const char kernel_rodata_begin[];
extern const char kernel_rodata_end[];
extern const char kernel_data_begin[];
extern const char kernel_data_end[];
extern const char boot_stack_guard[];
extern const char boot_stack_bottom[];
}

namespace esc::arch::x86 {
namespace {

constexpr std::uint64_t kReadWrite = kWritable | kNoExecute;
constexpr std::uint64_t kReadOnly = kNoExecute;
constexpr std::uint64_t kReadExecute = 0;
constexpr std::uint64_t kDevice = kReadWrite | kCacheDisable | kWriteThrough;

// Frames one after the other from a range.
class BootFrames {
 public:
  explicit BootFrames(const MemoryRange& pool) : pool_(pool) {}
  Result<PhysAddr> Allocate() {
    if (pool_.bytes - used_ < kPageSize) return Status::kNoMemory;
    const PhysAddr frame = pool_.base + used_;
    used_ += kPageSize;
    ZeroFrame(frame.Frame());
    return frame;
  }
  MemoryRange Used() const { return {pool_.base, used_, MemoryKind::kUsable}; }

 private:
  const MemoryRange pool_;
  std::uint64_t used_ = 0;
};

using Map = KernelMap<DirectMemory, BootFrames>;

std::uint64_t Address(const char* symbol) { return reinterpret_cast<std::uint64_t>(symbol); }
PhysAddr ImagePhysical(const char* symbol) { return PhysAddr{Address(symbol) - ESC_KERNEL_VIRTUAL}; }

Status MapDirect(Map& map, PhysAddr begin, PhysAddr end, std::uint64_t flags) {
  if (begin >= end) return Status::kOk;
  return map.MapRange(VirtAddr{begin.value + ESC_DIRECT_MAP}, begin, end - begin, flags);
}

// Text and read-only data stay so in the direct map too.
Status MapRam(Map& map, const MemoryRange& range) {
  PhysAddr begin = range.base, end = range.base + range.bytes;
  if (range.kind == MemoryKind::kUsable) {
    begin = PhysAddr{AlignUp<std::uint64_t>(begin.value, kPageSize)};
    end = PhysAddr{AlignDown<std::uint64_t>(end.value, kPageSize)};
  } else {
    begin = PhysAddr{AlignDown<std::uint64_t>(begin.value, kPageSize)};
    end = PhysAddr{AlignUp<std::uint64_t>(end.value, kPageSize)};
  }
  const PhysAddr fixed_begin = std::clamp(ImagePhysical(kernel_text_begin), begin, std::max(begin, end));
  const PhysAddr fixed_end = std::clamp(ImagePhysical(kernel_rodata_end), begin, std::max(begin, end));
  ESC_TRY(MapDirect(map, begin, fixed_begin, kReadWrite));
  ESC_TRY(MapDirect(map, fixed_begin, fixed_end, kReadOnly));
  return MapDirect(map, fixed_end, end, kReadWrite);
}

Status MapImagePart(Map& map, const char* begin, const char* end, std::uint64_t flags) {
  // Small pages by way of odd steps would be slower to build than this loop is to read.
  for (std::uint64_t at = Address(begin); at < Address(end); at += kPageSize) {
    if (IsTrapStackGuard(VirtAddr{at})) continue;
    ESC_TRY(map.MapRange(VirtAddr{at}, PhysAddr{at - ESC_KERNEL_VIRTUAL}, kPageSize, flags));
  }
  return Status::kOk;
}

Status MapImage(Map& map) {
  ESC_TRY(MapImagePart(map, kernel_text_begin, kernel_text_end, kReadExecute));
  ESC_TRY(MapImagePart(map, kernel_rodata_begin, kernel_rodata_end, kReadOnly));
  ESC_TRY(MapImagePart(map, kernel_data_begin, boot_stack_guard, kReadWrite));
  return MapImagePart(map, boot_stack_bottom, kernel_data_end, kReadWrite);
}

}  // namespace

MemoryRange KernelImage() {
  const auto begin = Address(kernel_physical_begin), end = Address(kernel_physical_end);
  return {PhysAddr{begin}, end - begin, MemoryKind::kUsable};
}

Result<KernelRootTables> BuildKernelRoot(std::span<const MemoryRange> memory, const MemoryRange& pool,
                                         std::span<const PhysAddr> devices) {
  DirectMemory direct;
  BootFrames frames(pool);
  const PhysAddr root = ESC_TRY(frames.Allocate());
  Map map(direct, frames, root);
  for (const MemoryRange& range : memory) {
    if (range.kind != MemoryKind::kReserved) ESC_TRY(MapRam(map, range));
  }
  ESC_TRY(MapImage(map));
  for (std::uint64_t i = 0; i < devices.size(); ++i) {
    const VirtAddr at{kDeviceWindow + i * kPageSize};
    ESC_TRY(map.MapRange(at, PhysAddr{AlignDown<std::uint64_t>(devices[i].value, kPageSize)}, kPageSize, kDevice));
  }
  // Every root shares these entries, so they must never change.
  for (VirtAddr at = kKernelVirtualBase; at < kKernelVirtualEnd; at = at + SpanOf(kLevels)) {
    ESC_TRY(map.ReserveTables(at, kLevels - 1));
  }
  return KernelRootTables{root, frames.Used()};
}

}  // namespace esc::arch::x86
