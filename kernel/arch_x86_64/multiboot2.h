// The multiboot2 boot information (Multiboot2 Specification 2.0, 3.6), as GRUB gives it.
#pragma once

#include "kernel/arch_x86_64/byte_reader.h"
#include "kernel/arch_x86_64/loader_info.h"

namespace esc::arch::x86 {

// Tags that we do not use are passed over. kTruncated or kCorrupt for what breaks the format.
Result<LoaderInfo> ParseMultiboot2(PhysAddr information, PhysicalReader read);

}  // namespace esc::arch::x86
