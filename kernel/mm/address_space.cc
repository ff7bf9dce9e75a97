// Regions of an address space and what changes them. Faults are in address_space_faults.cc, fork in
// address_space_fork.cc.
#include "kernel/mm/address_space.h"

#include <algorithm>
#include <utility>

#include "kernel/base/bits.h"
#include "kernel/base/check.h"
#include "kernel/mm/frames.h"
#include "kernel/mm/page_access.h"
#include "kernel/mm/page_batch.h"
#include "kernel/mm/shared_pages.h"

namespace esc::mm {
namespace {

using arch::Access;
using arch::PageEdit;
using arch::PageMapping;

constexpr std::uint64_t kUserBytes = arch::kUserEnd - arch::kUserBase;

// A range in whole pages.
struct Range {
  VirtAddr begin;
  VirtAddr end;
};

Result<Range> PageRange(VirtAddr address, std::uint64_t bytes) {
  if (!address.PageAligned() || bytes > kUserBytes) return Status::kInvalidArgument;
  const std::uint64_t size = AlignUp<std::uint64_t>(bytes, kPageSize);
  if (address < arch::kUserBase || address > arch::kUserEnd || size > arch::kUserEnd - address) {
    return Status::kInvalidArgument;
  }
  return Range{address, address + size};
}

PageBatch::Loaded ToLoaded(bool loaded) { return loaded ? PageBatch::Loaded::kYes : PageBatch::Loaded::kNo; }

}  // namespace

Result<RefPtr<AddressSpace>> AddressSpace::Create() {
  const PhysAddr root = ESC_TRY(arch::CreateRoot(TableFrames()));
  Result<RefPtr<AddressSpace>> space = MakeRef<AddressSpace>(root);
  if (!space.ok()) arch::DestroyRoot(root, TableFrames());
  return space;
}

AddressSpace::~AddressSpace() {
  if (Loaded()) arch::LoadRoot(arch::KernelRoot());
  {
    const SpinLockGuard guard(lock_);
    for (const Region& region : regions_.items()) DropPages(region.begin, region.end);
    ESC_CHECK(resident_pages_ == 0);
  }
  arch::DestroyRoot(root_, TableFrames());
}

void AddressSpace::Activate() {
  if (!Loaded()) arch::LoadRoot(root_);
}

void AddressSpace::DropPages(VirtAddr begin, VirtAddr end) {
  std::uint64_t dropped = 0;
  PageBatch batch(ToLoaded(Loaded()));
  arch::VisitPages(root_, begin, end, [&](VirtAddr page, PageMapping& mapping) {
    batch.Cleared(page, mapping.frame);
    ++dropped;
    return PageEdit::kUnmap;
  });
  resident_pages_ -= dropped;
}

Result<FrameNumber> AddressSpace::Tables::AllocateTableFrame() {
  const FrameNumber frame = ESC_TRY(TableFrames().AllocateTableFrame());
  ++count_;
  return frame;
}

void AddressSpace::Tables::FreeTableFrame(FrameNumber frame) {
  --count_;
  TableFrames().FreeTableFrame(frame);
}

// The look costs as much as some dozen tables cost to make, and comes after as many new ones as there were left, so that it is
// paid by those. Unlink, flush, then free.
void AddressSpace::PruneTables() {
  if (tables_.count() < prune_at_) return;
  const PhysAddr chain = arch::UnlinkEmptyTables(root_);
  if (Loaded()) arch::FlushAll();
  arch::FreeUnlinkedTables(chain, tables_);
  prune_at_ = 2 * tables_.count() + kSpareTables;
}

void AddressSpace::CutFew(VirtAddr begin, VirtAddr end, DroppedSources& dropped) {
  DropPages(begin, end);
  PruneTables();
  mapped_bytes_ -= regions_.BytesIn(begin, end);
  regions_.Cut(begin, end, dropped);
}

VirtAddr AddressSpace::CutAllButFew(VirtAddr begin, VirtAddr end) {
  for (;;) {
    DroppedSources dropped;  // dies after the guard
    const SpinLockGuard guard(lock_);
    const VirtAddr few = regions_.EndOfFew(begin, end);
    // No room is needed but by a split at the beginning, and `few` regions make that room.
    if (few == end || !Ok(regions_.Reserve())) return begin;
    CutFew(begin, few, dropped);
    begin = few;
  }
}

// Below the room that the stack may take, as Linux lays it out: at least 128 MiB, at most five sixths of everything.
VirtAddr AddressSpace::MapCeiling() const {
  constexpr std::uint64_t kLeast = 128u << 20;
  constexpr std::uint64_t kMost = kUserBytes / 6 * 5 & ~(kPageSize - 1);
  const std::uint64_t room = std::clamp(AlignDown<std::uint64_t>(stack_limit_, kPageSize), kLeast, kMost);
  return arch::kUserEnd - room - kStackGuardGap;
}

Result<VirtAddr> AddressSpace::PlaceLocked(VirtAddr address, std::uint64_t bytes, Placement placement) {
  const VirtAddr wanted = address.PageDown();
  if (placement != Placement::kHint) {
    if (placement == Placement::kFixedNew && !regions_.Free(address, address + bytes)) return Status::kAlreadyExists;
    return address;
  }
  if (wanted >= arch::kUserBase && wanted < arch::kUserEnd && bytes <= arch::kUserEnd - wanted) {
    const Result<VirtAddr> there = regions_.FindGap(bytes, wanted, wanted + bytes);
    if (there.ok()) return wanted;
  }
  // 64 KiB at the bottom stay free, as vm.mmap_min_addr keeps them.
  constexpr VirtAddr kLowest{0x10000};
  const Result<VirtAddr> below = regions_.FindGap(bytes, kLowest, MapCeiling());
  return below.ok() ? below : regions_.FindGap(bytes, kLowest, arch::kUserEnd);
}

Result<VirtAddr> AddressSpace::Map(VirtAddr address, std::uint64_t bytes, Placement placement,
                                   const RegionOptions& options) {
  if (bytes == 0 || !IsAligned<std::uint64_t>(options.source_offset, kPageSize)) return Status::kInvalidArgument;
  if (placement != Placement::kHint) {
    ESC_TRY(PageRange(address, bytes));
  } else if (bytes > kUserBytes) {
    return Status::kNoMemory;
  }
  const std::uint64_t size = AlignUp<std::uint64_t>(bytes, kPageSize);
  Region region{.begin = {},
                .end = {},
                .access = options.access,
                .most = options.most,
                .sharing = options.sharing,
                .growth = options.growth,
                .anonymous = !options.source,
                .source = options.source,
                .source_offset = options.source ? options.source_offset : 0};
  if (region.anonymous && region.sharing == Sharing::kShared) {
    region.source = RefPtr<PageSource>(ESC_TRY(SharedPages::Create(size / kPageSize)));
  }
  VirtAddr last_cut = address;
  if (placement == Placement::kFixed) {
    {
      // Before anything is unmapped for a range that then is refused.
      const SpinLockGuard guard(lock_);
      if (!WithinLimit(size - regions_.BytesIn(address, address + size))) return Status::kNoMemory;
    }
    last_cut = CutAllButFew(address, address + size);
  }
  DroppedSources dropped;
  const SpinLockGuard guard(lock_);
  ESC_TRY(regions_.Reserve());
  region.begin = ESC_TRY(PlaceLocked(address, size, placement));
  region.end = region.begin + size;
  const std::uint64_t replaced = regions_.BytesIn(region.begin, region.end);
  if (!WithinLimit(size - replaced)) return Status::kNoMemory;
  if (replaced != 0) {
    // Another thread may have filled the range again since: then it is the same call later.
    if (regions_.EndOfFew(last_cut, region.end) != region.end) return Status::kNoMemory;
    CutFew(last_cut, region.end, dropped);
    if (!regions_.Free(region.begin, region.end)) return Status::kNoMemory;
  }
  mapped_bytes_ += size;
  const VirtAddr begin = region.begin;
  regions_.Insert(std::move(region));
  return begin;
}

Status AddressSpace::Unmap(VirtAddr address, std::uint64_t bytes) {
  if (bytes == 0) return Status::kInvalidArgument;
  const Range range = ESC_TRY(PageRange(address, bytes));
  return Shrink(range.begin, range.end);
}

Status AddressSpace::Shrink(VirtAddr begin, VirtAddr end) {
  begin = CutAllButFew(begin, end);
  DroppedSources dropped;
  const SpinLockGuard guard(lock_);
  if (regions_.Free(begin, end)) return Status::kOk;
  ESC_TRY(regions_.Reserve());
  const VirtAddr few = regions_.EndOfFew(begin, end);
  CutFew(begin, few, dropped);
  return few == end ? Status::kOk : Status::kNoMemory;
}

Status AddressSpace::Protect(VirtAddr address, std::uint64_t bytes, Access access) {
  const Range range = ESC_TRY(PageRange(address, bytes));
  if (range.begin == range.end) return Status::kOk;
  const SpinLockGuard guard(lock_);
  if (!regions_.Filled(range.begin, range.end)) return Status::kNoMemory;
  if (!regions_.MayHave(range.begin, range.end, access)) return Status::kAccessDenied;
  ESC_TRY(regions_.Reserve());
  regions_.SetAccess(range.begin, range.end, access);
  const Region* region = regions_.Find(range.begin);
  PageBatch batch(ToLoaded(Loaded()));
  arch::VisitPages(root_, range.begin, range.end, [&](VirtAddr page, PageMapping& mapping) {
    while (region->end <= page) ++region;
    const PageMapping before = mapping;
    ApplyProtection(mapping, region->access, region->sharing);
    if (mapping == before) return PageEdit::kKeep;
    if (!arch::Allows(mapping.access, before.access)) batch.Tightened(page);
    return PageEdit::kReplace;
  });
  return Status::kOk;
}

Status AddressSpace::Discard(VirtAddr address, std::uint64_t bytes) {
  const Range range = ESC_TRY(PageRange(address, bytes));
  const SpinLockGuard guard(lock_);
  DropPages(range.begin, range.end);
  PruneTables();
  return regions_.Filled(range.begin, range.end) ? Status::kOk : Status::kNoMemory;
}

// --- remap and break ---

bool AddressSpace::GrowInPlace(VirtAddr begin, VirtAddr old_end, VirtAddr new_end) {
  Region* region = regions_.Find(begin);
  if (region->end != old_end || new_end > arch::kUserEnd) return false;
  if (!regions_.FindGap(new_end - old_end, old_end, new_end).ok()) return false;
  mapped_bytes_ += new_end - old_end;
  regions_.ExtendUp(*region, new_end);
  return true;
}

Result<VirtAddr> AddressSpace::MoveTo(VirtAddr begin, VirtAddr end, std::uint64_t new_bytes, DroppedSources& dropped) {
  const VirtAddr target = ESC_TRY(PlaceLocked({}, new_bytes, Placement::kHint));
  Region moved = *regions_.Find(begin);
  if (moved.source) moved.source_offset = moved.OffsetOf(begin);
  moved.begin = target;
  moved.end = target + new_bytes;
  arch::TableFrameSource* const tables = &tables_;
  // Mapped at both places until the second pass: the first one can fail, and is then undone.
  Status status = Status::kOk;
  arch::VisitPages(root_, begin, end, [&](VirtAddr page, PageMapping& mapping) {
    if (Ok(status)) status = arch::MapPage(root_, target + (page - begin), mapping, *tables);
    return PageEdit::kKeep;
  });
  const VirtAddr unwanted = Ok(status) ? begin : target;
  PageBatch batch(ToLoaded(Loaded()));
  arch::VisitPages(root_, unwanted, unwanted + (end - begin), [&](VirtAddr page, PageMapping&) {
    batch.Tightened(page);  // the frame stays, under its other address
    return PageEdit::kUnmap;
  });
  if (!Ok(status)) return status;
  mapped_bytes_ += new_bytes - (end - begin);
  regions_.Cut(begin, end, dropped);
  regions_.Insert(std::move(moved));
  return target;
}

Result<VirtAddr> AddressSpace::Remap(VirtAddr address, std::uint64_t old_bytes, std::uint64_t new_bytes,
                                     MayMove may_move) {
  if (old_bytes == 0 || new_bytes == 0) return Status::kInvalidArgument;
  const Range old_range = ESC_TRY(PageRange(address, old_bytes));
  if (new_bytes > kUserBytes) return Status::kNoMemory;
  const std::uint64_t size = AlignUp<std::uint64_t>(new_bytes, kPageSize);
  const std::uint64_t old_size = old_range.end - old_range.begin;
  if (size <= old_size) {
    {
      const SpinLockGuard guard(lock_);
      if (!regions_.Filled(old_range.begin, old_range.end)) return Status::kFault;
    }
    if (size < old_size) ESC_TRY(Shrink(old_range.begin + size, old_range.end));
    return address;
  }
  DroppedSources dropped;
  const SpinLockGuard guard(lock_);
  const Region* region = regions_.Find(old_range.begin);
  if (region == nullptr || region->end < old_range.end) return Status::kFault;  // as Linux: one region only
  if (!WithinLimit(size - old_size)) return Status::kNoMemory;
  ESC_TRY(regions_.Reserve());
  if (size <= arch::kUserEnd - old_range.begin && GrowInPlace(old_range.begin, old_range.end, old_range.begin + size)) {
    return address;
  }
  if (may_move == MayMove::kNo) return Status::kNoMemory;
  return MoveTo(old_range.begin, old_range.end, size, dropped);
}

void AddressSpace::SetBreakBase(VirtAddr base) {
  const SpinLockGuard guard(lock_);
  break_base_ = break_ = base;
}

VirtAddr AddressSpace::SetBreak(VirtAddr wanted) {
  VirtAddr from;
  VirtAddr to;
  {
    const SpinLockGuard guard(lock_);
    if (wanted < break_base_ || wanted > arch::kUserEnd) return break_;
    from = {AlignUp<std::uint64_t>(break_.value, kPageSize)};
    to = {AlignUp<std::uint64_t>(wanted.value, kPageSize)};
    if (to > from) {
      if (!WithinLimit(to - from) || !regions_.FindGap(to - from, from, to).ok() || !Ok(regions_.Reserve())) return break_;
      mapped_bytes_ += to - from;
      regions_.Insert({.begin = from, .end = to, .access = Access::kRead | Access::kWrite, .source = {}});
    }
    if (to >= from) return break_ = wanted;
  }
  // Only a region in the heap's middle, that somebody mapped there, can make this fail for want of memory.
  if (!Ok(Shrink(to, from))) wanted = from;
  const SpinLockGuard guard(lock_);
  return break_ = wanted;
}

// --- to look at ---

void AddressSpace::ForEachRegion(FunctionRef<void(const RegionInfo&)> visit) {
  for (VirtAddr at = arch::kUserBase;;) {
    RegionInfo info;
    {
      const SpinLockGuard guard(lock_);
      const std::size_t index = regions_.IndexAbove(at);
      if (index == regions_.size()) return;
      const Region& region = regions_.items()[index];
      info = {region.begin,   region.end,        region.access,       region.sharing,
              region.growth, !region.anonymous, region.source_offset};
    }
    visit(info);
    at = info.end;
  }
}

AddressSpaceStats AddressSpace::stats() {
  const SpinLockGuard guard(lock_);
  return {mapped_bytes_, resident_pages_, minor_faults_, copy_on_write_faults_};
}

void AddressSpace::SetLimit(std::uint64_t bytes) {
  const SpinLockGuard guard(lock_);
  limit_ = bytes;
}

void AddressSpace::SetStackLimit(std::uint64_t bytes) {
  const SpinLockGuard guard(lock_);
  stack_limit_ = bytes;
}

}  // namespace esc::mm
