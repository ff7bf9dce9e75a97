// How pages come into an address space: by faults, and by reads and writes on its behalf.
#include <algorithm>
#include <cstring>

#include "kernel/base/check.h"
#include "kernel/mm/address_space.h"
#include "kernel/mm/frames.h"
#include "kernel/mm/page_access.h"

namespace esc::mm {

using arch::Access;
using arch::PageMapping;

Status AddressSpace::HandleFault(VirtAddr address, Access access) {
  if (address < arch::kUserBase || address >= arch::kUserEnd) return Status::kFault;
  const VirtAddr page = address.PageDown();
  Fill fill;
  {
    const SpinLockGuard guard(lock_);
    ESC_TRY(ResolveLocked(page, access, fill));
  }
  return fill.source ? FillFromSource(page, access, fill) : Status::kOk;
}

Status AddressSpace::ResolveLocked(VirtAddr page, Access access, Fill& fill) {
  Region* region = regions_.Find(page);
  if (region == nullptr && (region = GrowStack(page)) == nullptr) return Status::kFault;
  const Access allowed = EffectiveAccess(region->access);
  if (!arch::Allows(allowed, access)) return Status::kAccessDenied;
  ++minor_faults_;
  if (const std::optional<PageMapping> mapping = arch::LookupPage(root_, page)) {
    return ResolveMapped(*region, page, *mapping, access);
  }
  if (!region->source) return FillWithZeros(page, allowed, access);
  fill.source = region->source;
  fill.offset = region->OffsetOf(page);
  fill.sharing = region->sharing;
  return Status::kOk;
}

Region* AddressSpace::GrowStack(VirtAddr page) {
  const std::size_t index = regions_.IndexAbove(page);
  if (index == regions_.size()) return nullptr;
  Region& stack = regions_.items()[index];
  if (stack.growth != Growth::kDown || stack.end - page > stack_limit_) return nullptr;
  if (index > 0 && page - regions_.items()[index - 1].end < kStackGuardGap) return nullptr;
  if (!WithinLimit(stack.begin - page)) return nullptr;
  mapped_bytes_ += stack.begin - page;
  regions_.ExtendDown(stack, page);
  return &stack;
}

Status AddressSpace::FillWithZeros(VirtAddr page, Access allowed, Access wanted) {
  PageMapping mapping{.frame = SharedZeroFrame(), .access = allowed};
  if (arch::Allows(wanted, Access::kWrite)) {
    mapping.frame = ESC_TRY(AllocateZeroedFrame());
  } else {
    ShareFrame(mapping.frame);
    mapping.access = WithoutWrite(allowed);
    mapping.copy_on_write = true;
  }
  if (const Status status = arch::MapPage(root_, page, mapping, tables_); !Ok(status)) {
    DropFrame(mapping.frame);
    return status;
  }
  ++resident_pages_;
  return Status::kOk;
}

Status AddressSpace::ResolveMapped(const Region& region, VirtAddr page, PageMapping mapping, Access wanted) {
  if (!arch::Allows(mapping.access, wanted)) {
    // Only a write to a private page can get here: every other change of protection was written to the page at once.
    ESC_CHECK(mapping.copy_on_write);
    return BreakCopyOnWrite(region, page, mapping);
  }
  // Somebody else has resolved it meanwhile, or a cached translation is older than the entry.
  if (Loaded()) arch::FlushPage(page);
  return Status::kOk;
}

Status AddressSpace::BreakCopyOnWrite(const Region& region, VirtAddr page, PageMapping mapping) {
  ++copy_on_write_faults_;
  const FrameNumber shared = mapping.frame;
  mapping.access = EffectiveAccess(region.access);
  mapping.copy_on_write = false;
  if (FrameReferences(shared) == 1) {
    // The last owner keeps the frame. Nothing to flush: a cached translation that allows less only faults again.
    return arch::ReplacePage(root_, page, mapping);
  }
  if (shared == SharedZeroFrame()) {
    mapping.frame = ESC_TRY(AllocateZeroedFrame());
  } else {
    mapping.frame = ESC_TRY(AllocateFrame());
    arch::CopyFrame(mapping.frame, shared);
  }
  ESC_CHECK(Ok(arch::ReplacePage(root_, page, mapping)));
  if (Loaded()) arch::FlushPage(page);
  DropFrame(shared);
  return Status::kOk;
}

Status AddressSpace::FillFromSource(VirtAddr page, Access access, const Fill& fill) {
  Sharing frame_sharing = Sharing::kShared;
  Result<FrameNumber> frame = Status::kNotSupported;
  // A private page that is about to be written gets its own copy at once.
  if (fill.sharing == Sharing::kShared || !arch::Allows(access, Access::kWrite)) frame = fill.source->SharePage(fill.offset);
  if (!frame.ok() && fill.sharing == Sharing::kPrivate) {
    frame_sharing = Sharing::kPrivate;
    frame = AllocateFrame();
    if (frame.ok()) {
      if (const Status status = fill.source->ReadPage(fill.offset, arch::DirectMap(*frame)); !Ok(status)) {
        DropFrame(*frame);
        frame = status;
      }
    }
  }
  if (!frame.ok()) {
    // Past the end of its source a page is no bad address, and the program is told so.
    const bool told = frame.status() == Status::kNoMemory || frame.status() == Status::kOutOfRange;
    return told ? frame.status() : Status::kFault;
  }
  const SpinLockGuard guard(lock_);
  return Install(page, access, fill, *frame, frame_sharing);
}

Status AddressSpace::Install(VirtAddr page, Access access, const Fill& fill, FrameNumber frame, Sharing frame_sharing) {
  const Region* region = regions_.Find(page);
  // While the lock was open the region may have gone or changed, or another thread may have filled the page: then the
  // instruction tries again, and finds what is true now.
  const bool still_wanted = region != nullptr && region->source == fill.source && region->OffsetOf(page) == fill.offset &&
                            region->sharing == fill.sharing &&
                            arch::Allows(EffectiveAccess(region->access), access) && !arch::LookupPage(root_, page);
  if (!still_wanted) {
    DropFrame(frame);
    return Status::kOk;
  }
  PageMapping mapping{.frame = frame, .access = EffectiveAccess(region->access)};
  if (fill.sharing == Sharing::kPrivate && frame_sharing == Sharing::kShared) {
    mapping.copy_on_write = arch::Allows(mapping.access, Access::kWrite);
    mapping.access = WithoutWrite(mapping.access);
  }
  if (const Status status = arch::MapPage(root_, page, mapping, tables_); !Ok(status)) {
    DropFrame(frame);
    return status;
  }
  ++resident_pages_;
  return Status::kOk;
}

// Calls step(memory, done, size) for each piece of a page, under the lock: the page can neither go nor be shared by a fork
// while its bytes move.
template <class Step>
Status AddressSpace::ForEachPiece(VirtAddr user, std::size_t bytes, Access access, Step step) {
  if (user < arch::kUserBase || user >= arch::kUserEnd || bytes > arch::kUserEnd - user) return Status::kFault;
  for (std::size_t done = 0; done < bytes;) {
    const VirtAddr at = user + done;
    const std::size_t size = std::min<std::size_t>(bytes - done, kPageSize - at.PageOffset());
    {
      const SpinLockGuard guard(lock_);
      const std::optional<PageMapping> mapping = arch::LookupPage(root_, at.PageDown());
      if (mapping && arch::Allows(mapping->access, access)) {
        step(static_cast<std::byte*>(arch::DirectMap(AddressOf(mapping->frame) + at.PageOffset())), done, size);
        done += size;
        continue;
      }
    }
    ESC_TRY(HandleFault(at, access));
  }
  return Status::kOk;
}

Status AddressSpace::Write(VirtAddr to, const void* from, std::size_t bytes) {
  return ForEachPiece(to, bytes, Access::kWrite, [from](std::byte* memory, std::size_t done, std::size_t size) {
    std::memcpy(memory, static_cast<const std::byte*>(from) + done, size);
  });
}

Status AddressSpace::Read(VirtAddr from, void* to, std::size_t bytes) {
  return ForEachPiece(from, bytes, Access::kRead, [to](std::byte* memory, std::size_t done, std::size_t size) {
    std::memcpy(static_cast<std::byte*>(to) + done, memory, size);
  });
}

}  // namespace esc::mm
