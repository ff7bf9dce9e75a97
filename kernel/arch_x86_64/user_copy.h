// The exception table of the user-copy functions, for the page-fault handler; and SMAP's instructions.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernel/base/units.h"

namespace esc::arch::x86 {

// Where to go on when the instruction at `rip` touched user memory that cannot be had; 0 when it is none of
// the user-copy functions' instructions, which makes the fault a bug. Cost: one step an entry, of which
// there are fewer than ten.
std::uint64_t UserCopyFixup(std::uint64_t rip);
// The same for a general protection fault: XRSTOR raises one when what it finds in user memory is no state
// (SDM vol. 1, 13.8.1). In any other of the instructions it is a bug.
std::uint64_t GeneralProtectionFixup(std::uint64_t rip);

// The FPU's registers, those of `components`, to and from `bytes` bytes of user memory; `at` is a multiple of 64. False
// when that is no user memory, cannot be had, or holds what cannot be loaded.
bool SaveFpuToUserMemory(VirtAddr at, std::size_t bytes, std::uint64_t components);
bool LoadFpuFromUserMemory(VirtAddr at, std::size_t bytes, std::uint64_t components);

// Writes STAC and CLAC over the placeholders. Once, on a CPU with SMAP, while text is still writable.
void PatchSmapSites();

}  // namespace esc::arch::x86
