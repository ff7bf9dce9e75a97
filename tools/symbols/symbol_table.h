// The kernel's function table for panic backtraces: read from an ELF file's symbols, written into its
// section .ksyms, whose room the linker script has set aside. The layout is kernel/arch_x86_64/symbols.h.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace esc::tools {

// The same file with the table in place. Fails, naming what is wrong, for a file that is no x86-64 kernel
// with symbols and a .ksyms section, or whose table is larger than that section.
absl::StatusOr<std::string> WithSymbolTable(absl::string_view elf);

// A C++ function's name as a backtrace shows it: demangled, without parameters; at most 127 bytes.
std::string ReadableName(const std::string& symbol);

}  // namespace esc::tools
