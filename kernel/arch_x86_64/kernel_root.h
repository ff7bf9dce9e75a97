// The kernel's own page tables: direct map, image, device window, and room for mm's kernel range.
#pragma once

#include <span>

#include "kernel/arch_api/boot_info.h"
#include "kernel/arch_x86_64/loader_info.h"
#include "kernel/base/status.h"

namespace esc::arch::x86 {

struct KernelRootTables {
  PhysAddr root;
  MemoryRange used;  // the part of `pool` that holds the tables
};

// The image's place, from the linker script.
MemoryRange KernelImage();

// Builds the tables in `pool`, which the boot page tables map. kNoMemory when it is too small.
Result<KernelRootTables> BuildKernelRoot(std::span<const MemoryRange> memory, const MemoryRange& pool,
                                         std::span<const PhysAddr> devices);

}  // namespace esc::arch::x86
