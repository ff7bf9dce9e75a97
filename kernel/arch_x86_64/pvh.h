// The PVH boot protocol's information (Xen public/arch-x86/hvm/start_info.h), as `qemu -kernel` gives it.
#pragma once

#include "kernel/arch_x86_64/byte_reader.h"
#include "kernel/arch_x86_64/loader_info.h"

namespace esc::arch::x86 {

// Version 1 (with a memory map) is required. kCorrupt for a wrong magic number or ranges that wrap,
// kNotSupported for version 0, kTooLarge for more than LoaderInfo holds.
Result<LoaderInfo> ParsePvh(PhysAddr start_info, PhysicalReader read);

}  // namespace esc::arch::x86
