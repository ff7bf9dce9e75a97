#include "kernel/arch_host/mmu.h"

#include <sys/mman.h>

#include <cstring>

#include "kernel/arch_host/sanitizer.h"
#include "kernel/base/check.h"
#include "kernel/base/log.h"

namespace esc::host {
namespace {

using arch::Access;
using arch::Mode;
using arch::PageMapping;

constexpr int kTopLevel = 3;
constexpr std::uint64_t kEntries = 512;
constexpr std::uint64_t kFrameMask = ~(kPageSize - 1);

constexpr unsigned LevelShift(int level) { return kPageShift + 9u * static_cast<unsigned>(level); }
constexpr std::uint64_t IndexOf(VirtAddr page, int level) { return page.value >> LevelShift(level) & (kEntries - 1); }
constexpr bool KernelHalf(VirtAddr page) { return page.value >> 63 != 0; }

std::uint64_t Encode(const PageMapping& mapping) {
  std::uint64_t entry = AddressOf(mapping.frame).value | Mmu::kEntryPresent;
  entry |= static_cast<std::uint64_t>(mapping.access) << Mmu::kEntryAccessShift;
  if (mapping.mode == Mode::kUser) entry |= Mmu::kEntryUser;
  if (mapping.copy_on_write) entry |= Mmu::kEntryCopyOnWrite;
  return entry;
}

Access AccessOf(std::uint64_t entry) { return static_cast<Access>(entry >> Mmu::kEntryAccessShift & 7); }

PageMapping Decode(std::uint64_t entry) {
  return {.frame = PhysAddr{entry & kFrameMask}.Frame(),
          .access = AccessOf(entry),
          .mode = (entry & Mmu::kEntryUser) != 0 ? Mode::kUser : Mode::kKernel,
          .copy_on_write = (entry & Mmu::kEntryCopyOnWrite) != 0,
          .accessed = (entry & Mmu::kEntryAccessed) != 0,
          .dirty = (entry & Mmu::kEntryDirty) != 0};
}

}  // namespace

Mmu::Mmu(std::uint64_t ram_bytes) : ram_bytes_(ram_bytes) {
  ESC_CHECK(ram_bytes % kPageSize == 0 && ram_bytes > AddressOf(kFirstFreeFrame).value);
  // Untouched pages cost nothing, so a large machine is as cheap as a small one.
  void* block = mmap(nullptr, ram_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  ESC_CHECK(block != MAP_FAILED);
  UnpoisonMemory(block, ram_bytes);
  RegisterLeakRoots(block, ram_bytes);
  ram_ = static_cast<std::byte*>(block);
}

Mmu::~Mmu() {
  UnregisterLeakRoots(ram_, ram_bytes_);
  UnpoisonMemory(ram_, ram_bytes_);
  munmap(ram_, ram_bytes_);
}

std::byte* Mmu::Ram(PhysAddr address, std::uint64_t bytes) {
  if (address.value > ram_bytes_ || bytes > ram_bytes_ - address.value) {
    Panic("simulated machine: physical address {:x} is not RAM", address);
  }
  return ram_ + address.value;
}

PhysAddr Mmu::RamAddress(const void* pointer) const {
  const auto* byte = static_cast<const std::byte*>(pointer);
  if (byte < ram_ || byte >= ram_ + ram_bytes_) Panic("simulated machine: {:x} is not in the direct map", pointer);
  return {static_cast<std::uint64_t>(byte - ram_)};
}

std::uint64_t Mmu::Read(PhysAddr entry) {
  std::uint64_t value;
  std::memcpy(&value, Ram(entry, sizeof(value)), sizeof(value));
  return value;
}

void Mmu::Write(PhysAddr root, VirtAddr page, Slot slot, std::uint64_t value) {
  Record({.kind = MmuEvent::Kind::kWrite,
          .root = root,
          .page = page,
          .level = slot.level,
          .old_entry = Read(slot.address),
          .new_entry = value,
          .table = {}});
  std::memcpy(Ram(slot.address, sizeof(value)), &value, sizeof(value));
}

void Mmu::Record(MmuEvent event) {
  if (history_.size() == kHistoryLimit) history_.pop_front();
  history_.push_back(event);
}

std::optional<Mmu::Slot> Mmu::FindSlot(PhysAddr root, VirtAddr page) {
  PhysAddr table = KernelHalf(page) ? kKernelRoot : root;
  for (int level = kTopLevel; level > 0; --level) {
    const std::uint64_t entry = Read(table + IndexOf(page, level) * sizeof(std::uint64_t));
    if ((entry & kEntryPresent) == 0) return std::nullopt;
    table = {entry & kFrameMask};
  }
  return Slot{table + IndexOf(page, 0) * sizeof(std::uint64_t), 0};
}

void Mmu::CheckMapping(VirtAddr page, const PageMapping& mapping) const {
  ESC_CHECK(page.PageAligned());
  ESC_CHECK(AddressOf(mapping.frame).value < ram_bytes_);
  const bool user_half = page >= arch::kUserBase && page < arch::kUserEnd;
  ESC_CHECK(mapping.mode == Mode::kUser ? user_half : KernelHalf(page));
  // W^X for the kernel, as the real one refuses it.
  ESC_CHECK(mapping.mode == Mode::kUser || !arch::Allows(mapping.access, Access::kWrite | Access::kExecute));
}

Result<PhysAddr> Mmu::CreateRoot(arch::TableFrameSource& tables) {
  const FrameNumber frame = ESC_TRY(tables.AllocateTableFrame());
  Record({.kind = MmuEvent::Kind::kTableTaken, .root = {}, .page = {}, .table = frame});
  return AddressOf(frame);
}

void Mmu::DestroyRoot(PhysAddr root, arch::TableFrameSource& tables) {
  ESC_CHECK(root != kKernelRoot && root != loaded_root_);
  FreeTables(root, kTopLevel, tables);
}

void Mmu::FreeTables(PhysAddr table, int level, arch::TableFrameSource& tables) {
  for (std::uint64_t index = 0; index < kEntries; ++index) {
    const std::uint64_t entry = Read(table + index * sizeof(std::uint64_t));
    if ((entry & kEntryPresent) == 0) continue;
    if (level == 0) Panic("simulated machine: a root is destroyed that still maps pages");
    FreeTables({entry & kFrameMask}, level - 1, tables);
  }
  Record({.kind = MmuEvent::Kind::kTableFreed, .root = {}, .page = {}, .table = table.Frame()});
  tables.FreeTableFrame(table.Frame());
}

Status Mmu::Map(PhysAddr root, VirtAddr page, const PageMapping& mapping, arch::TableFrameSource& tables) {
  CheckMapping(page, mapping);
  PhysAddr table = KernelHalf(page) ? kKernelRoot : root;
  for (int level = kTopLevel; level > 0; --level) {
    const PhysAddr slot = table + IndexOf(page, level) * sizeof(std::uint64_t);
    std::uint64_t entry = Read(slot);
    if ((entry & kEntryPresent) == 0) {
      // A table that stays empty when the next level finds no memory translates nothing: no undo is needed.
      const FrameNumber frame = ESC_TRY(tables.AllocateTableFrame());
      Record({.kind = MmuEvent::Kind::kTableTaken, .root = {}, .page = {}, .table = frame});
      entry = AddressOf(frame).value | kEntryPresent;
      Write(root, {page.value & ~((std::uint64_t{1} << LevelShift(level)) - 1)}, {slot, level}, entry);
    }
    table = {entry & kFrameMask};
  }
  const Slot slot{table + IndexOf(page, 0) * sizeof(std::uint64_t), 0};
  if ((Read(slot.address) & kEntryPresent) != 0) return Status::kAlreadyExists;
  Write(root, page, slot, Encode(mapping));
  return Status::kOk;
}

Status Mmu::Replace(PhysAddr root, VirtAddr page, const PageMapping& mapping) {
  CheckMapping(page, mapping);
  const std::optional<Slot> slot = FindSlot(root, page);
  if (!slot || (Read(slot->address) & kEntryPresent) == 0) return Status::kNotFound;
  Write(root, page, *slot, Encode(mapping));
  return Status::kOk;
}

std::optional<PageMapping> Mmu::Unmap(PhysAddr root, VirtAddr page) {
  const std::optional<Slot> slot = FindSlot(root, page);
  if (!slot) return std::nullopt;
  const std::uint64_t entry = Read(slot->address);
  if ((entry & kEntryPresent) == 0) return std::nullopt;
  Write(root, page, *slot, 0);
  return Decode(entry);
}

std::optional<PageMapping> Mmu::Lookup(PhysAddr root, VirtAddr page) {
  const std::optional<Slot> slot = FindSlot(root, page);
  if (!slot) return std::nullopt;
  const std::uint64_t entry = Read(slot->address);
  if ((entry & kEntryPresent) == 0) return std::nullopt;
  return Decode(entry);
}

void Mmu::Visit(PhysAddr root, VirtAddr begin, VirtAddr end, arch::PageVisitor visit) {
  ESC_CHECK(begin.PageAligned() && end.PageAligned() && begin <= end);
  const PhysAddr table = KernelHalf(begin) ? kKernelRoot : root;
  // Sign extension as the hardware wants it, so that addresses of the upper half compare as they are.
  const VirtAddr base{KernelHalf(begin) ? ~std::uint64_t{0} << 48 : 0};
  VisitTable(root, table, kTopLevel, base, begin, end, visit);
}

void Mmu::VisitTable(PhysAddr root, PhysAddr table, int level, VirtAddr table_base, VirtAddr begin, VirtAddr end,
                     arch::PageVisitor visit) {
  const std::uint64_t span = std::uint64_t{1} << LevelShift(level);
  const std::uint64_t first = begin > table_base ? (begin - table_base) / span : 0;
  for (std::uint64_t index = first; index < kEntries; ++index) {
    const VirtAddr at = table_base + index * span;
    if (at >= end) return;
    const PhysAddr slot = table + index * sizeof(std::uint64_t);
    const std::uint64_t entry = Read(slot);
    if ((entry & kEntryPresent) == 0) continue;
    if (level > 0) {
      VisitTable(root, {entry & kFrameMask}, level - 1, at, begin, end, visit);
      continue;
    }
    PageMapping mapping = Decode(entry);
    switch (visit(at, mapping)) {
      case arch::PageEdit::kKeep:
        break;
      case arch::PageEdit::kReplace:
        CheckMapping(at, mapping);
        Write(root, at, {slot, 0}, Encode(mapping));
        break;
      case arch::PageEdit::kUnmap:
        Write(root, at, {slot, 0}, 0);
        break;
    }
  }
}

PhysAddr Mmu::UnlinkEmptyTables(PhysAddr root) {
  ESC_CHECK(root != kKernelRoot);
  PhysAddr chain{};
  for (std::uint64_t index = 0; index < kEntries; ++index) {
    const PhysAddr slot = root + index * sizeof(std::uint64_t);
    if ((Read(slot) & kEntryPresent) != 0) UnlinkIfEmpty(root, {slot, kTopLevel}, {index << LevelShift(kTopLevel)}, chain);
  }
  return chain;
}

// The slot is that of a table. The chain goes through the tables' first words, where an address is no present entry.
bool Mmu::UnlinkIfEmpty(PhysAddr root, Slot slot, VirtAddr base, PhysAddr& chain) {
  const PhysAddr table{Read(slot.address) & kFrameMask};
  const int below = slot.level - 1;
  bool empty = true;
  for (std::uint64_t index = 0; index < kEntries; ++index) {
    const PhysAddr at = table + index * sizeof(std::uint64_t);
    if (Read(at) == 0) continue;
    if (below == 0 || !UnlinkIfEmpty(root, {at, below}, base + (index << LevelShift(below)), chain)) empty = false;
  }
  if (!empty) return false;
  Write(root, base, slot, 0);
  std::memcpy(Ram(table, sizeof(chain.value)), &chain.value, sizeof(chain.value));
  chain = table;
  return true;
}

void Mmu::FreeUnlinkedTables(PhysAddr chain, arch::TableFrameSource& tables) {
  while (chain.value != 0) {
    const PhysAddr next{Read(chain)};
    Record({.kind = MmuEvent::Kind::kTableFreed, .root = {}, .page = {}, .table = chain.Frame()});
    tables.FreeTableFrame(chain.Frame());
    chain = next;
  }
}

void Mmu::LoadRoot(PhysAddr root) {
  Record({.kind = MmuEvent::Kind::kLoadRoot, .root = root, .page = {}, .table = {}});
  loaded_root_ = root;
  // Kernel translations are global: they survive (SDM vol. 3A, 4.10.2.4).
  std::erase_if(cache_, [](const auto& cached) { return !KernelHalf({cached.first << kPageShift}); });
}

void Mmu::FlushPage(VirtAddr page) {
  Record({.kind = MmuEvent::Kind::kFlushPage, .root = {}, .page = page, .table = {}});
  cache_.erase(page.value >> kPageShift);
}

void Mmu::FlushAll() {
  Record({.kind = MmuEvent::Kind::kFlushAll, .root = {}, .page = {}, .table = {}});
  cache_.clear();
}

Mmu::Translation Mmu::Translate(VirtAddr address, Access access, Mode mode) {
  const std::uint64_t number = address.value >> kPageShift;
  const auto allows = [&](std::uint64_t entry) {
    return (mode == Mode::kKernel || (entry & kEntryUser) != 0) && arch::Allows(AccessOf(entry), access);
  };
  const bool writes = arch::Allows(access, Access::kWrite);
  if (const auto cached = cache_.find(number); cached != cache_.end()) {
    const std::uint64_t entry = cached->second;
    if (!allows(entry)) {
      cache_.erase(cached);
      return {.allowed = false, .present = true, .address = {}};
    }
    if (!writes || (entry & kEntryDirty) != 0) {
      return {.allowed = true, .present = true, .address = PhysAddr{entry & kFrameMask} + address.PageOffset()};
    }
    // The first write walks again, to set the dirty bit.
  }
  const std::optional<Slot> slot = FindSlot(loaded_root_, address.PageDown());
  std::uint64_t entry = slot ? Read(slot->address) : 0;
  const bool present = (entry & kEntryPresent) != 0 && AccessOf(entry) != Access::kNone;
  if (!present || !allows(entry)) {
    cache_.erase(number);
    return {.allowed = false, .present = present, .address = {}};
  }
  entry |= kEntryAccessed | (writes ? kEntryDirty : 0);
  std::memcpy(Ram(slot->address, sizeof(entry)), &entry, sizeof(entry));
  cache_[number] = entry;
  return {.allowed = true, .present = true, .address = PhysAddr{entry & kFrameMask} + address.PageOffset()};
}

bool Mmu::CachedTranslationOf(FrameNumber frame) const {
  for (const auto& [number, entry] : cache_) {
    if (PhysAddr{entry & kFrameMask}.Frame() == frame) return true;
  }
  return false;
}

}  // namespace esc::host
