// The four-level page table (SDM vol. 3A, 4.5) as a template over the memory that holds it.
//
// `Memory` reads and writes one 8-byte entry at a physical address: Load, Store, and Exchange, which is
// atomic against the hardware's walker. The kernel gives it the direct map; tests give a fake that keeps
// every write, so that each intermediate state can be checked.
//
// Order of writes: a table is complete before the entry that points to it. Upper levels allow everything;
// the last level decides. Nothing here flushes translation caches.
#pragma once

#include <cstdint>
#include <optional>

#include "kernel/arch_api/paging.h"
#include "kernel/base/bits.h"
#include "kernel/base/status.h"
#include "kernel/base/units.h"

namespace esc::arch::x86 {

// Bits of an entry.
inline constexpr std::uint64_t kPresent = 1 << 0;
inline constexpr std::uint64_t kWritable = 1 << 1;
inline constexpr std::uint64_t kUser = 1 << 2;
inline constexpr std::uint64_t kWriteThrough = 1 << 3;
inline constexpr std::uint64_t kCacheDisable = 1 << 4;
inline constexpr std::uint64_t kAccessed = 1 << 5;
inline constexpr std::uint64_t kDirty = 1 << 6;
inline constexpr std::uint64_t kLarge = 1 << 7;
inline constexpr std::uint64_t kGlobal = 1 << 8;
inline constexpr std::uint64_t kNoExecute = std::uint64_t{1} << 63;
inline constexpr std::uint64_t kAddressMask = 0x000F'FFFF'FFFF'F000;
// Ours, ignored by the hardware. kMapped tells a page without any access (which is not present) from a hole.
inline constexpr std::uint64_t kCopyOnWrite = 1 << 9;
inline constexpr std::uint64_t kMapped = 1 << 10;

inline constexpr unsigned kLevels = 4;
inline constexpr unsigned kEntries = 512;
inline constexpr unsigned kEntriesALine = 8;  // a cache line of 64 bytes
inline constexpr unsigned kFirstKernelRootEntry = 256;

// Bytes that one entry of `level` spans; level 1 holds pages.
constexpr std::uint64_t SpanOf(unsigned level) { return std::uint64_t{kPageSize} << (9 * (level - 1)); }
constexpr unsigned IndexOf(std::uint64_t address, unsigned level) {
  return static_cast<unsigned>(address >> (kPageShift + 9 * (level - 1)) & (kEntries - 1));
}

// The hardware reads whatever it may write or execute: a mapping without kRead comes back with it.
constexpr std::uint64_t EncodeEntry(const PageMapping& mapping) {
  std::uint64_t entry = AddressOf(mapping.frame).value | kMapped;
  if (mapping.access != Access::kNone) entry |= kPresent;
  if (Allows(mapping.access, Access::kWrite)) entry |= kWritable;
  if (!Allows(mapping.access, Access::kExecute)) entry |= kNoExecute;
  if (mapping.mode == Mode::kUser) entry |= kUser;
  // Kernel pages are used soon and always: with both bits set the walker need not write them.
  if (mapping.mode == Mode::kKernel) entry |= kGlobal | kAccessed | kDirty;
  if (mapping.copy_on_write) entry |= kCopyOnWrite;
  return entry;
}

constexpr PageMapping DecodeEntry(std::uint64_t entry) {
  PageMapping mapping;
  mapping.frame = PhysAddr{entry & kAddressMask}.Frame();
  if ((entry & kPresent) != 0) {
    mapping.access = Access::kRead;
    if ((entry & kWritable) != 0) mapping.access = mapping.access | Access::kWrite;
    if ((entry & kNoExecute) == 0) mapping.access = mapping.access | Access::kExecute;
  }
  mapping.mode = (entry & kUser) != 0 ? Mode::kUser : Mode::kKernel;
  mapping.copy_on_write = (entry & kCopyOnWrite) != 0;
  mapping.accessed = (entry & kAccessed) != 0;
  mapping.dirty = (entry & kDirty) != 0;
  return mapping;
}

// A page may be mapped there, with that mode, and does not break W^X in the kernel.
constexpr Status CheckMapping(VirtAddr page, const PageMapping& mapping) {
  if (!page.PageAligned()) return Status::kInvalidArgument;
  if ((AddressOf(mapping.frame).value & ~kAddressMask) != 0) return Status::kOutOfRange;
  if (mapping.mode == Mode::kUser) {
    return page >= kUserBase && page < kUserEnd ? Status::kOk : Status::kOutOfRange;
  }
  if (page < kKernelVirtualBase || page >= kKernelVirtualEnd) return Status::kOutOfRange;
  return Allows(mapping.access, Access::kWrite | Access::kExecute) ? Status::kInvalidArgument : Status::kOk;
}

template <class Memory>
class PageTable {
 public:
  PageTable(Memory& memory, PhysAddr root) : memory_(memory), root_(root) {}

  Status Map(VirtAddr page, const PageMapping& mapping, TableFrameSource& tables) {
    ESC_TRY(CheckMapping(page, mapping));
    PhysAddr table = root_;
    for (unsigned level = kLevels; level > 1; --level) {
      const PhysAddr at = EntryAt(table, page, level);
      std::uint64_t entry = memory_.Load(at);
      if ((entry & kPresent) == 0) {
        const FrameNumber frame = ESC_TRY(tables.AllocateTableFrame());
        entry = AddressOf(frame).value | kPresent | kWritable | kAccessed;
        if (mapping.mode == Mode::kUser) entry |= kUser;
        memory_.Store(at, entry);
      }
      if ((entry & kLarge) != 0) return Status::kAlreadyExists;
      table = PhysAddr{entry & kAddressMask};
    }
    const PhysAddr at = EntryAt(table, page, 1);
    if ((memory_.Load(at) & kMapped) != 0) return Status::kAlreadyExists;
    memory_.Store(at, EncodeEntry(mapping));
    return Status::kOk;
  }

  Status Replace(VirtAddr page, const PageMapping& mapping) {
    ESC_TRY(CheckMapping(page, mapping));
    const std::optional<PhysAddr> at = FindEntry(page);
    if (!at || (memory_.Load(*at) & kMapped) == 0) return Status::kNotFound;
    memory_.Store(*at, EncodeEntry(mapping));
    return Status::kOk;
  }

  // Exchange, not store: the walker may set the dirty bit until the moment when the entry goes.
  std::optional<PageMapping> Unmap(VirtAddr page) {
    const std::optional<PhysAddr> at = FindEntry(page);
    if (!at || (memory_.Load(*at) & kMapped) == 0) return std::nullopt;
    return DecodeEntry(memory_.Exchange(*at, 0));
  }

  std::optional<PageMapping> Lookup(VirtAddr page) {
    const std::optional<PhysAddr> at = FindEntry(page);
    if (!at) return std::nullopt;
    const std::uint64_t entry = memory_.Load(*at);
    if ((entry & kMapped) == 0) return std::nullopt;
    return DecodeEntry(entry);
  }

  void Visit(VirtAddr begin, VirtAddr end, PageVisitor visit) {
    std::uint64_t address = begin.PageDown().value;
    while (address < end.value) {
      unsigned missing_level = 0;
      const std::optional<PhysAddr> table = FindTable(VirtAddr{address}, missing_level);
      const std::uint64_t span = table ? SpanOf(2) : SpanOf(missing_level);
      // The end of the table, or of the hole. Zero when that is the end of the address space.
      const std::uint64_t next = AlignDown(address, span) + span;
      if (table) VisitTable(*table, address, next == 0 || next > end.value ? end.value : next, visit);
      if (next == 0) return;
      address = next;
    }
  }

  // The chain goes through the tables' first words: the address of a table is no entry that is present.
  PhysAddr UnlinkEmptyTables() {
    PhysAddr chain{};
    for (unsigned i = 0; i < kFirstKernelRootEntry; ++i) {
      const PhysAddr at = root_ + i * 8;
      if ((memory_.Load(at) & kPresent) != 0) (void)UnlinkIfEmpty(at, kLevels - 1, chain);
    }
    return chain;
  }

  void FreeUnlinkedTables(PhysAddr chain, TableFrameSource& tables) {
    while (chain.value != 0) {
      const PhysAddr next{memory_.Load(chain)};
      tables.FreeTableFrame(chain.Frame());
      chain = next;
    }
  }

  // Frees the tables of the user half, lowest level first; leaves the root's entries cleared.
  void FreeUserTables(TableFrameSource& tables) {
    ForEachTable(root_, kFirstKernelRootEntry, [&](PhysAddr at, PhysAddr table) {
      memory_.Store(at, 0);
      FreeTable(table, kLevels - 1, tables);
    });
  }

 private:
  static PhysAddr EntryAt(PhysAddr table, VirtAddr page, unsigned level) {
    return table + std::uint64_t{IndexOf(page.value, level)} * 8;
  }

  // The last-level table for `page`; without one, the level whose entry is absent.
  std::optional<PhysAddr> FindTable(VirtAddr page, unsigned& missing_level) {
    PhysAddr table = root_;
    for (unsigned level = kLevels; level > 1; --level) {
      const std::uint64_t entry = memory_.Load(EntryAt(table, page, level));
      if ((entry & kPresent) == 0 || (entry & kLarge) != 0) {
        missing_level = level;
        return std::nullopt;
      }
      table = PhysAddr{entry & kAddressMask};
    }
    return table;
  }

  std::optional<PhysAddr> FindEntry(VirtAddr page) {
    unsigned missing_level = 0;
    const std::optional<PhysAddr> table = FindTable(page, missing_level);
    if (!table) return std::nullopt;
    return EntryAt(*table, page, 1);
  }

  void VisitTable(PhysAddr table, std::uint64_t begin, std::uint64_t end, PageVisitor visit) {
    for (std::uint64_t address = begin; address < end; address += kPageSize) {
      const PhysAddr at = EntryAt(table, VirtAddr{address}, 1);
      const std::uint64_t entry = memory_.Load(at);
      if ((entry & kMapped) == 0) continue;
      PageMapping mapping = DecodeEntry(entry);
      switch (visit(VirtAddr{address}, mapping)) {
        case PageEdit::kKeep: break;
        case PageEdit::kReplace: memory_.Store(at, EncodeEntry(mapping)); break;
        case PageEdit::kUnmap: memory_.Store(at, 0); break;
      }
    }
  }

  // Whether the table of `level` behind the entry `at` was empty, but for empty tables. Depth is bounded by the number of levels.
  bool UnlinkIfEmpty(PhysAddr at, unsigned level, PhysAddr& chain) {
    const PhysAddr table{memory_.Load(at) & kAddressMask};
    bool empty = true;
    for (unsigned i = 0; i < kEntries; ++i) {
      const PhysAddr below = table + i * 8;
      if (memory_.Load(below) != 0 && (level == 1 || !UnlinkIfEmpty(below, level - 1, chain))) empty = false;
    }
    if (!empty) return false;
    memory_.Store(at, 0);
    memory_.Store(table, chain.value);
    chain = table;
    return true;
  }

  // Calls visit(where the entry lies, the table it points to) for each table in the first `entries` of `table`. By cache
  // lines: most tables hold one or two entries, and to go through the empty ones was a quarter of fork, exit and wait.
  template <class Visit>
  void ForEachTable(PhysAddr table, unsigned entries, Visit visit) {
    for (unsigned line = 0; line < entries; line += kEntriesALine) {
      const PhysAddr first = table + line * 8;
      std::uint64_t any = 0;
      for (unsigned i = 0; i < kEntriesALine; ++i) any |= memory_.Load(first + i * 8);
      if ((any & kPresent) == 0) continue;
      for (unsigned i = 0; i < kEntriesALine; ++i) {
        const std::uint64_t entry = memory_.Load(first + i * 8);
        if ((entry & kPresent) != 0) visit(first + i * 8, PhysAddr{entry & kAddressMask});
      }
    }
  }

  // Depth is bounded by the number of levels.
  void FreeTable(PhysAddr table, unsigned level, TableFrameSource& tables) {
    if (level > 1) {
      ForEachTable(table, kEntries, [&](PhysAddr, PhysAddr below) { FreeTable(below, level - 1, tables); });
    }
    tables.FreeTableFrame(table.Frame());
  }

  Memory& memory_;
  const PhysAddr root_;
};

}  // namespace esc::arch::x86
