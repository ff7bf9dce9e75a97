// What boot hands to paging.cc, and device memory.
#pragma once

#include <cstdint>

#include "kernel/base/status.h"
#include "kernel/base/units.h"

namespace esc::arch::x86 {

// Makes `root` the kernel's: loads it, and copies its upper half into every later root. All entries of its
// upper half that will ever be used must exist. Frees nothing of the boot page tables, which lie in the image.
void AdoptKernelRoot(PhysAddr root);

// Where DeviceWindow gives addresses out: one page table, filled by boot.
inline constexpr std::uint64_t kDeviceWindow = 0xFFFFFFFF'C0000000;
inline constexpr std::uint64_t kDeviceWindowPages = 512;

}  // namespace esc::arch::x86
