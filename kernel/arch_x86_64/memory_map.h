// From a loader's memory map to BootInfo's: sorted, not overlapping; and where boot may take memory from.
// Pure functions.
#pragma once

#include <optional>
#include <span>

#include "kernel/arch_x86_64/loader_info.h"

namespace esc::arch::x86 {

// Sorts, resolves overlaps (reserved wins over ACPI, ACPI over usable) and merges neighbours of one kind; leaves out what
// lies from `end` on, which the CPU cannot address or the kernel not map. kTooLarge when the result does not fit.
Result<MemoryRanges> NormalizeMemoryMap(std::span<const MemoryRange> ranges, PhysAddr end);

// The ranges that boot has taken: sorted. kCorrupt when two overlap, or when one does not lie within usable
// memory (a module that the loader put where no memory is), counted in whole pages.
Result<MemoryRanges> CheckReserved(std::span<const MemoryRange> taken, std::span<const MemoryRange> memory);

// The largest part of usable memory in [from, to) that no reserved range touches, page-aligned.
std::optional<MemoryRange> LargestGap(std::span<const MemoryRange> memory, std::span<const MemoryRange> reserved,
                                      PhysAddr from, PhysAddr to);

}  // namespace esc::arch::x86
