// Builds the kernel's page tables at boot: ranges, with 2 MiB pages where they fit. A template over the
// memory that holds the tables, as PageTable is.
#pragma once

#include <cstdint>

#include "kernel/arch_x86_64/page_table.h"
#include "kernel/base/function_ref.h"
#include "kernel/base/status.h"
#include "kernel/base/units.h"

namespace esc::arch::x86 {

inline constexpr std::uint64_t kLargePage = std::uint64_t{1} << 21;

// `Frames` gives zeroed frames: Result<PhysAddr> Allocate().
template <class Memory, class Frames>
class KernelMap {
 public:
  KernelMap(Memory& memory, Frames& frames, PhysAddr root) : memory_(memory), frames_(frames), root_(root) {}

  // Page-aligned throughout; `flags` are bits of a last-level entry. Pages that are mapped already stay as
  // they are when small, and are never met when large: ranges of one kind do not overlap.
  Status MapRange(VirtAddr to, PhysAddr from, std::uint64_t bytes, std::uint64_t flags) {
    while (bytes != 0) {
      const bool large = IsAligned(to.value, kLargePage) && IsAligned(from.value, kLargePage) && bytes >= kLargePage;
      const std::uint64_t span = large ? kLargePage : kPageSize;
      const PhysAddr at = ESC_TRY(EntryFor(to, large ? 2 : 1));
      if ((memory_.Load(at) & kPresent) == 0) {
        const std::uint64_t common = kPresent | kMapped | kGlobal | kAccessed | kDirty;
        memory_.Store(at, from.value | flags | common | (large ? kLarge : 0));
      }
      to = to + span;
      from = from + span;
      bytes -= span;
    }
    return Status::kOk;
  }

  // Makes the tables down to the entry for `address` at `level`, which is left as it is.
  Status ReserveTables(VirtAddr address, unsigned level) {
    (void)ESC_TRY(EntryFor(address, level));
    return Status::kOk;
  }

 private:
  Result<PhysAddr> EntryFor(VirtAddr address, unsigned level) {
    PhysAddr table = root_;
    for (unsigned at_level = kLevels;; --at_level) {
      const PhysAddr at = table + std::uint64_t{IndexOf(address.value, at_level)} * 8;
      if (at_level == level) return at;
      std::uint64_t entry = memory_.Load(at);
      if ((entry & kPresent) == 0) {
        entry = ESC_TRY(frames_.Allocate()).value | kPresent | kWritable | kAccessed;
        memory_.Store(at, entry);
      }
      if ((entry & kLarge) != 0) return Status::kAlreadyExists;
      table = PhysAddr{entry & kAddressMask};
    }
  }

  Memory& memory_;
  Frames& frames_;
  const PhysAddr root_;
};

}  // namespace esc::arch::x86
