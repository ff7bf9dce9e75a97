// The user half of memory of one process: regions, and the page table that they are filled into on demand.
//
// A Region is a page-aligned range with one protection and one source of its pages (zeros, or a file's bytes).
// Regions do not overlap and are kept sorted; neighbours that continue each other are merged. Pages appear by
// fault. fork shares every private page copy-on-write. Invariant: a mapped page lies inside a region, with no
// more access than the region's.
// Locking: one lock inside, rank kAddressSpace; page contents of files are read before it is taken. No function
// may be called with a spin lock held. Cost: a region look-up is O(log regions); faults O(1) beyond it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernel/arch_api/paging.h"
#include "kernel/base/function_ref.h"
#include "kernel/base/spin_lock.h"
#include "kernel/base/status.h"
#include "kernel/base/units.h"
#include "kernel/mm/page_source.h"
#include "kernel/mm/ref_ptr.h"
#include "kernel/mm/region_kind.h"
#include "kernel/mm/regions.h"

namespace esc::mm {

struct RegionOptions {
  arch::Access access = arch::Access::kNone;
  arch::Access most = kAnyAccess;    // what Protect may ever give: a shared file that was opened for reading stays so
  Sharing sharing = Sharing::kPrivate;
  Growth growth = Growth::kFixed;
  RefPtr<PageSource> source;         // empty: zeros
  std::uint64_t source_offset = 0;   // of the region's first byte, page-aligned
};

// A region as told to callers (/proc/PID/maps, tests).
struct RegionInfo {
  VirtAddr begin;
  VirtAddr end;
  arch::Access access;
  Sharing sharing;
  Growth growth;
  bool file_backed;
  std::uint64_t source_offset;
};

enum class Placement : std::uint8_t {
  kHint,     // at the address if that is free, else anywhere (address 0: anywhere)
  kFixed,    // exactly there; replaces what is mapped there
  kFixedNew, // exactly there; kAlreadyExists when anything is mapped there
};

inline constexpr std::uint64_t kDefaultStackLimit = 8u << 20;

struct AddressSpaceStats {
  std::uint64_t mapped_bytes = 0;    // sum of regions
  std::uint64_t resident_pages = 0;  // pages in the page table
  std::uint64_t minor_faults = 0;
  std::uint64_t copy_on_write_faults = 0;
};

class AddressSpace : public RefCounted<AddressSpace> {
 public:
  // An empty one. kNoMemory.
  static Result<RefPtr<AddressSpace>> Create();
  // A copy for fork: same regions, private pages shared copy-on-write on both sides. All or nothing.
  Result<RefPtr<AddressSpace>> Fork();
  ~AddressSpace();

  // Makes it the current one of this CPU. Call with interrupts off or preemption disabled.
  void Activate();
  PhysAddr root() const { return root_; }

  // `bytes` is rounded up to pages. Limits: kNoMemory past `SetLimit`; kInvalidArgument for bytes == 0, a fixed
  // address unaligned or outside user space, or a range that wraps.
  Result<VirtAddr> Map(VirtAddr address, std::uint64_t bytes, Placement placement, const RegionOptions& options);
  // Unmapping what is not mapped is fine, as POSIX says. Splits regions.
  Status Unmap(VirtAddr address, std::uint64_t bytes);
  // kNoMemory when part of the range is not mapped (as Linux), kAccessDenied when part of it must not have the access; then
  // nothing is changed.
  Status Protect(VirtAddr address, std::uint64_t bytes, arch::Access access);
  // Moves or resizes (mremap); kept simple: in place when possible, else moved when allowed.
  enum class MayMove : std::uint8_t { kNo, kYes };
  Result<VirtAddr> Remap(VirtAddr address, std::uint64_t old_bytes, std::uint64_t new_bytes, MayMove may_move);
  // Drops the pages of a private anonymous range; they read as zeros again (MADV_DONTNEED).
  Status Discard(VirtAddr address, std::uint64_t bytes);

  // The heap's end (brk). SetBreakBase once at exec; SetBreak answers the break as it is then.
  void SetBreakBase(VirtAddr base);
  VirtAddr SetBreak(VirtAddr wanted);

  // Resolves a fault. kOk: retry. kFault: no region, or not allowed (SIGSEGV; kAccessDenied when the region is there
  // but refuses: SEGV_ACCERR). kNoMemory: the process is to be killed with a line that says so.
  Status HandleFault(VirtAddr address, arch::Access access);

  // Reads and writes another process's memory page by page through the direct map, resolving faults: for exec's
  // initial stack, /proc/PID/cmdline. Does not need it to be active.
  Status Write(VirtAddr to, const void* from, std::size_t bytes);
  Status Read(VirtAddr from, void* to, std::size_t bytes);

  // The physical address behind a user address in a shared region, which names it across address spaces (futexes).
  // kNotFound when the page is not present, or its region is private.
  Result<PhysAddr> SharedAddress(VirtAddr address) ESC_EXCLUDES(lock_);

  // Ascending; called without the lock, so that the visitor may do as it likes. What changes meanwhile may be missed.
  void ForEachRegion(FunctionRef<void(const RegionInfo&)> visit);
  AddressSpaceStats stats();
  void SetLimit(std::uint64_t bytes);  // RLIMIT_AS; ~0: none
  void SetStackLimit(std::uint64_t bytes);  // RLIMIT_STACK, for Growth::kDown

  explicit AddressSpace(PhysAddr root) : root_(root) {}  // use Create

 private:
  // What a fault needs from a source, asked for without the lock.
  struct Fill {
    RefPtr<PageSource> source;
    std::uint64_t offset = 0;
    Sharing sharing = Sharing::kPrivate;
  };

  // Page-table frames of this space, but for the root: how many there are tells when to look for empty ones.
  class Tables final : public arch::TableFrameSource {
   public:
    Result<FrameNumber> AllocateTableFrame() override;
    void FreeTableFrame(FrameNumber frame) override;
    std::uint64_t count() const { return count_; }

   private:
    std::uint64_t count_ = 0;
  };

  bool Loaded() const { return arch::LoadedRoot() == root_; }
  // Removes pages, not regions.
  void DropPages(VirtAddr begin, VirtAddr end) ESC_REQUIRES(lock_);
  // Frees page tables that have become empty, once there may be enough of them to be worth a look at all.
  void PruneTables() ESC_REQUIRES(lock_);
  // Removes the regions and pages of [begin, end), but for the last few, which a call under the same lock as what follows
  // is to take: answers where those begin.
  VirtAddr CutAllButFew(VirtAddr begin, VirtAddr end) ESC_EXCLUDES(lock_);
  void CutFew(VirtAddr begin, VirtAddr end, DroppedSources& dropped) ESC_REQUIRES(lock_);
  Result<VirtAddr> PlaceLocked(VirtAddr address, std::uint64_t bytes, Placement placement) ESC_REQUIRES(lock_);
  bool WithinLimit(std::uint64_t more_bytes) const ESC_REQUIRES(lock_) {
    return more_bytes <= limit_ && mapped_bytes_ <= limit_ - more_bytes;
  }
  VirtAddr MapCeiling() const ESC_REQUIRES(lock_);
  Status CopyPagesTo(AddressSpace& child, bool& downgraded) ESC_REQUIRES(lock_);
  Status Shrink(VirtAddr begin, VirtAddr end) ESC_EXCLUDES(lock_);
  bool GrowInPlace(VirtAddr begin, VirtAddr old_end, VirtAddr new_end) ESC_REQUIRES(lock_);
  Result<VirtAddr> MoveTo(VirtAddr begin, VirtAddr end, std::uint64_t new_bytes, DroppedSources& dropped)
      ESC_REQUIRES(lock_);

  Status ResolveLocked(VirtAddr page, arch::Access access, Fill& fill) ESC_REQUIRES(lock_);
  Region* GrowStack(VirtAddr page) ESC_REQUIRES(lock_);
  Status FillWithZeros(VirtAddr page, arch::Access allowed, arch::Access wanted) ESC_REQUIRES(lock_);
  Status ResolveMapped(const Region& region, VirtAddr page, arch::PageMapping mapping, arch::Access wanted)
      ESC_REQUIRES(lock_);
  Status BreakCopyOnWrite(const Region& region, VirtAddr page, arch::PageMapping mapping) ESC_REQUIRES(lock_);
  Status FillFromSource(VirtAddr page, arch::Access access, const Fill& fill) ESC_EXCLUDES(lock_);
  Status Install(VirtAddr page, arch::Access access, const Fill& fill, FrameNumber frame, Sharing frame_sharing)
      ESC_REQUIRES(lock_);
  template <class Step>
  Status ForEachPiece(VirtAddr user, std::size_t bytes, arch::Access access, Step step) ESC_EXCLUDES(lock_);

  // Tables that a space may have before anybody looks whether they are empty.
  static constexpr std::uint64_t kSpareTables = 128;

  const PhysAddr root_;
  SpinLock lock_{LockRank::kAddressSpace};
  Regions regions_ ESC_GUARDED_BY(lock_);
  Tables tables_ ESC_GUARDED_BY(lock_);
  std::uint64_t prune_at_ ESC_GUARDED_BY(lock_) = kSpareTables;
  std::uint64_t mapped_bytes_ ESC_GUARDED_BY(lock_) = 0;
  std::uint64_t resident_pages_ ESC_GUARDED_BY(lock_) = 0;
  std::uint64_t minor_faults_ ESC_GUARDED_BY(lock_) = 0;
  std::uint64_t copy_on_write_faults_ ESC_GUARDED_BY(lock_) = 0;
  std::uint64_t limit_ ESC_GUARDED_BY(lock_) = ~std::uint64_t{0};
  std::uint64_t stack_limit_ ESC_GUARDED_BY(lock_) = kDefaultStackLimit;
  VirtAddr break_base_ ESC_GUARDED_BY(lock_);
  VirtAddr break_ ESC_GUARDED_BY(lock_);
};

}  // namespace esc::mm
