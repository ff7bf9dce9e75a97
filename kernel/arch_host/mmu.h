// The memory management unit of the simulated machine: RAM, page tables that lie in it, and a translation
// cache that stays stale until it is flushed, as a real one does: a missing flush is a wrong byte in a test.
//
// Tables have four levels of 512 entries in a format of their own (kEntry...). Every write to a table, every
// flush and every table frame taken or given back is kept in a history, so that a test can check each
// intermediate state and the order. Not thread-safe: the machine runs one CPU at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_map>
#include <vector>

#include "kernel/arch_api/paging.h"
#include "kernel/base/units.h"

namespace esc::host {

// One step in the life of the page tables.
struct MmuEvent {
  enum class Kind : std::uint8_t { kWrite, kFlushPage, kFlushAll, kLoadRoot, kTableTaken, kTableFreed };
  Kind kind = Kind::kWrite;
  PhysAddr root;               // kWrite, kLoadRoot
  VirtAddr page;               // kWrite: first address that the entry translates; kFlushPage
  int level = 0;               // kWrite: 0 for an entry of a page, 1 .. 3 for tables
  std::uint64_t old_entry = 0;
  std::uint64_t new_entry = 0;
  FrameNumber table;           // kTableTaken, kTableFreed
};

class Mmu {
 public:
  static constexpr std::uint64_t kEntryPresent = 1u << 0;
  static constexpr std::uint64_t kEntryAccessShift = 1;  // three bits of arch::Access
  static constexpr std::uint64_t kEntryUser = 1u << 4;
  static constexpr std::uint64_t kEntryAccessed = 1u << 5;
  static constexpr std::uint64_t kEntryDirty = 1u << 6;
  static constexpr std::uint64_t kEntryCopyOnWrite = 1u << 7;

  explicit Mmu(std::uint64_t ram_bytes);
  ~Mmu();
  Mmu(const Mmu&) = delete;
  Mmu& operator=(const Mmu&) = delete;

  std::uint64_t ram_bytes() const { return ram_bytes_; }
  // Where `bytes` of RAM at `address` lie in this process; a panic when they are not RAM.
  std::byte* Ram(PhysAddr address, std::uint64_t bytes = 1);
  PhysAddr RamAddress(const void* pointer) const;

  // The frames below this number are taken by the machine itself (the kernel's root).
  static constexpr FrameNumber kFirstFreeFrame{16};
  static constexpr PhysAddr kKernelRoot{4096};

  Result<PhysAddr> CreateRoot(arch::TableFrameSource& tables);
  void DestroyRoot(PhysAddr root, arch::TableFrameSource& tables);
  Status Map(PhysAddr root, VirtAddr page, const arch::PageMapping& mapping, arch::TableFrameSource& tables);
  Status Replace(PhysAddr root, VirtAddr page, const arch::PageMapping& mapping);
  std::optional<arch::PageMapping> Unmap(PhysAddr root, VirtAddr page);
  std::optional<arch::PageMapping> Lookup(PhysAddr root, VirtAddr page);
  void Visit(PhysAddr root, VirtAddr begin, VirtAddr end, arch::PageVisitor visit);

  PhysAddr UnlinkEmptyTables(PhysAddr root);
  void FreeUnlinkedTables(PhysAddr chain, arch::TableFrameSource& tables);

  void LoadRoot(PhysAddr root);
  PhysAddr loaded_root() const { return loaded_root_; }
  void FlushPage(VirtAddr page);
  void FlushAll();

  // What the hardware does for one access: through the translation cache, else a walk of the loaded root that
  // sets the accessed and dirty bits. A refused access drops the cached translation (SDM vol. 3A, 4.10.4.1).
  struct Translation {
    bool allowed = false;
    bool present = false;
    PhysAddr address;  // when allowed
  };
  Translation Translate(VirtAddr address, arch::Access access, arch::Mode mode);

  // Whether the CPU could still reach `frame` by a cached translation: it must not when the frame is freed.
  bool CachedTranslationOf(FrameNumber frame) const;
  std::size_t cached_translations() const { return cache_.size(); }

  // The latest kHistoryLimit events, oldest first.
  static constexpr std::size_t kHistoryLimit = 1u << 16;
  const std::deque<MmuEvent>& history() const { return history_; }
  void ClearHistory() { history_.clear(); }

 private:
  struct Slot {
    PhysAddr address;
    int level;
  };
  std::uint64_t Read(PhysAddr entry);
  void Write(PhysAddr root, VirtAddr page, Slot slot, std::uint64_t value);
  void Record(MmuEvent event);
  // The level-0 slot of `page`, or nothing when a table on the way is absent.
  std::optional<Slot> FindSlot(PhysAddr root, VirtAddr page);
  void VisitTable(PhysAddr root, PhysAddr table, int level, VirtAddr table_base, VirtAddr begin, VirtAddr end,
                  arch::PageVisitor visit);
  void FreeTables(PhysAddr table, int level, arch::TableFrameSource& tables);
  bool UnlinkIfEmpty(PhysAddr root, Slot slot, VirtAddr base, PhysAddr& chain);
  void CheckMapping(VirtAddr page, const arch::PageMapping& mapping) const;

  const std::uint64_t ram_bytes_;
  std::byte* ram_ = nullptr;
  PhysAddr loaded_root_ = kKernelRoot;
  std::unordered_map<std::uint64_t, std::uint64_t> cache_;  // page number -> entry, as it was when cached
  std::deque<MmuEvent> history_;
};

}  // namespace esc::host
