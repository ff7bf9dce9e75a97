#include "kernel/arch_x86_64/memory_map.h"

#include <algorithm>
#include <array>

#include "kernel/base/bits.h"

namespace esc::arch::x86 {
namespace {

PhysAddr EndOf(const MemoryRange& range) { return range.base + range.bytes; }

bool Before(const MemoryRange& a, const MemoryRange& b) { return a.base < b.base; }

int Weight(MemoryKind kind) {
  switch (kind) {
    case MemoryKind::kUsable: return 1;
    case MemoryKind::kAcpi: return 2;
    case MemoryKind::kReserved: return 3;
  }
  return 3;
}

// What [at, next boundary) is, by the heaviest range that covers it; none for a hole.
std::optional<MemoryKind> KindAt(std::span<const MemoryRange> ranges, PhysAddr at) {
  std::optional<MemoryKind> kind;
  for (const MemoryRange& range : ranges) {
    if (at < range.base || at >= EndOf(range)) continue;
    if (!kind || Weight(range.kind) > Weight(*kind)) kind = range.kind;
  }
  return kind;
}

Status Append(MemoryRanges& out, const MemoryRange& range) {
  if (out.size() != 0) {
    MemoryRange& last = out[out.size() - 1];
    if (last.kind == range.kind && EndOf(last) == range.base) {
      last.bytes += range.bytes;
      return Status::kOk;
    }
  }
  return out.Add(range);
}

}  // namespace

Result<MemoryRanges> NormalizeMemoryMap(std::span<const MemoryRange> ranges, PhysAddr end) {
  if (ranges.size() > kMaxMemoryRanges) return Status::kTooLarge;
  std::array<PhysAddr, 2 * kMaxMemoryRanges> boundaries;
  std::size_t count = 0;
  for (const MemoryRange& range : ranges) {
    if (range.base.value + range.bytes < range.base.value) return Status::kCorrupt;
    boundaries[count++] = std::min(range.base, end);
    boundaries[count++] = std::min(EndOf(range), end);
  }
  std::sort(boundaries.begin(), boundaries.begin() + count);
  MemoryRanges out;
  for (std::size_t i = 0; i + 1 < count; ++i) {
    if (boundaries[i] == boundaries[i + 1]) continue;
    const std::optional<MemoryKind> kind = KindAt(ranges, boundaries[i]);
    if (!kind) continue;
    ESC_TRY(Append(out, {boundaries[i], boundaries[i + 1] - boundaries[i], *kind}));
  }
  return out;
}

Result<MemoryRanges> CheckReserved(std::span<const MemoryRange> taken, std::span<const MemoryRange> memory) {
  MemoryRanges out;
  for (const MemoryRange& range : taken) {
    if (range.bytes == 0) continue;
    if (range.base.value + range.bytes < range.base.value) return Status::kCorrupt;
    const bool inside = std::any_of(memory.begin(), memory.end(), [&](const MemoryRange& ram) {
      // Of a page that is memory in part, the direct map has nothing.
      return ram.kind == MemoryKind::kUsable && range.base.value >= AlignUp<std::uint64_t>(ram.base.value, kPageSize) &&
             EndOf(range).value <= AlignDown<std::uint64_t>(EndOf(ram).value, kPageSize);
    });
    if (!inside) return Status::kCorrupt;
    ESC_TRY(out.Add(range));
  }
  std::sort(out.span().begin(), out.span().end(), Before);
  for (std::size_t i = 1; i < out.size(); ++i) {
    if (EndOf(out[i - 1]) > out[i].base) return Status::kCorrupt;
  }
  return out;
}

std::optional<MemoryRange> LargestGap(std::span<const MemoryRange> memory, std::span<const MemoryRange> reserved,
                                      PhysAddr from, PhysAddr to) {
  std::optional<MemoryRange> best;
  const auto consider = [&](std::uint64_t begin, std::uint64_t end) {
    begin = AlignUp<std::uint64_t>(std::max(begin, from.value), kPageSize);
    end = AlignDown<std::uint64_t>(std::min(end, to.value), kPageSize);
    if (begin < end && (!best || end - begin > best->bytes)) {
      best = MemoryRange{PhysAddr{begin}, end - begin, MemoryKind::kUsable};
    }
  };
  for (const MemoryRange& ram : memory) {
    if (ram.kind != MemoryKind::kUsable) continue;
    std::uint64_t begin = ram.base.value;
    for (const MemoryRange& taken : reserved) {
      if (EndOf(taken) <= ram.base || taken.base >= EndOf(ram)) continue;
      consider(begin, taken.base.value);
      begin = EndOf(taken).value;
    }
    consider(begin, EndOf(ram).value);
  }
  return best;
}

}  // namespace esc::arch::x86
