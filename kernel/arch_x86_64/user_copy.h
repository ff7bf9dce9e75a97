// The exception table of the user-copy functions, for the page-fault handler; and SMAP's instructions.
#pragma once

#include <cstdint>

namespace esc::arch::x86 {

// Where to go on when the instruction at `rip` touched user memory that cannot be had; 0 when it is none of
// the user-copy functions' instructions, which makes the fault a bug. Cost: one step an entry, of which
// there are fewer than ten.
std::uint64_t UserCopyFixup(std::uint64_t rip);

// Writes STAC and CLAC over the placeholders. Once, on a CPU with SMAP, while text is still writable.
void PatchSmapSites();

}  // namespace esc::arch::x86
