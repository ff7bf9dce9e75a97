#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace esc::tools {

// Whether GRUB's multiboot2 command can load `elf`: a 64-bit x86 ELF with a valid multiboot2 header in its first
// 32 KiB (Multiboot2 Specification 2.0, section 3.1.1). The error names `path` and what is wrong with it.
absl::Status CheckMultibootKernel(const std::string& path, absl::string_view elf);

}  // namespace esc::tools
