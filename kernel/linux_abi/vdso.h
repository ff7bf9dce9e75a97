// The vDSO: one page of functions in every program's memory, which AT_SYSINFO_EHDR names. vdso.s is what lies in it; it is the
// same page for all, since no clock here is ever set.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "kernel/base/status.h"
#include "kernel/base/units.h"
#include "kernel/mm/address_space.h"
#include "kernel/mm/page_source.h"
#include "kernel/mm/ref_ptr.h"

namespace esc::linux_abi {

// As vdso.s lays it out: arch::UserClock, the nanoseconds from 1970 to boot, and the clocks that may be read so (bit n for clock n;
// 0: the counter cannot be read).
struct VdsoClock {
  std::uint64_t start = 0, multiplier = 0, boot = 0, mask = 0;
};

// Writes the whole ELF file, with `clock` in it, to the start of `page`; the rest is zeros.
void WriteVdso(const VdsoClock& clock, std::span<std::byte, kPageSize> page);

// Once, before the first program. kNoMemory.
Result<mm::RefPtr<mm::PageSource>> MakeVdso();
// Maps it wherever there is room.
Result<VirtAddr> MapVdso(mm::AddressSpace& memory);

}  // namespace esc::linux_abi
