#include "kernel/linux_abi/memory.h"

#include "kernel/base/bits.h"
#include "kernel/core/file.h"
#include "kernel/linux_abi/current.h"
#include "kernel/linux_abi/numbers.h"
#include "kernel/mm/address_space.h"

namespace esc::linux_abi {
namespace {

arch::Access AccessOf(std::uint32_t protection) {
  arch::Access access = arch::Access::kNone;
  if ((protection & kProtRead) != 0) access = access | arch::Access::kRead;
  // The hardware has no write-only or execute-only pages.
  if ((protection & kProtWrite) != 0) access = access | arch::Access::kWrite | arch::Access::kRead;
  if ((protection & kProtExecute) != 0) access = access | arch::Access::kExecute | arch::Access::kRead;
  return access;
}

// A file's pages for mmap: what is asked must be allowed by how it was opened (mmap(2)).
Status AddFile(mm::RegionOptions& options, int descriptor, std::uint64_t offset) {
  const mm::RefPtr<core::File> file = ESC_TRY(FileOf(descriptor));
  const core::OpenMode mode = file->mode();
  if (!mode.readable) return Status::kAccessDenied;
  if (options.sharing == mm::Sharing::kShared && !mode.writable) options.most = arch::Access::kRead | arch::Access::kExecute;
  if (!arch::Allows(options.most, options.access)) return Status::kAccessDenied;
  options.source = ESC_TRY(file->Pages());
  options.source_offset = offset;
  return Status::kOk;
}

Result<mm::Placement> PlacementOf(std::uint32_t flags) {
  if ((flags & kMapFixedNew) != 0) return mm::Placement::kFixedNew;
  return (flags & kMapFixed) != 0 ? mm::Placement::kFixed : mm::Placement::kHint;
}

}  // namespace

Answer Break(VirtAddr wanted) { return CurrentMemory()->SetBreak(wanted).value; }

Answer MapMemory(VirtAddr address, std::uint64_t bytes, std::uint32_t protection, std::uint32_t flags, int descriptor,
                 std::uint64_t offset) {
  if (!IsAligned<std::uint64_t>(offset, kPageSize) || bytes == 0) return Status::kInvalidArgument;
  if (bytes > arch::kUserEnd.value) return Status::kNoMemory;
  const std::uint32_t type = flags & kMapTypeMask;
  if (type != kMapShared && type != kMapPrivate && type != kMapSharedValidate) return Status::kInvalidArgument;
  mm::RegionOptions options;
  options.access = AccessOf(protection);
  options.sharing = type == kMapPrivate ? mm::Sharing::kPrivate : mm::Sharing::kShared;
  if ((flags & kMapGrowsDown) != 0) options.growth = mm::Growth::kDown;
  if ((flags & kMapAnonymous) == 0) {
    const Status added = AddFile(options, descriptor, offset);
    if (added == Status::kNotSupported) return Errno::kNoDev;
    ESC_TRY(added);
  }
  const mm::Placement placement = ESC_TRY(PlacementOf(flags));
  if (placement == mm::Placement::kHint) address = address.PageDown();
  return ESC_TRY(CurrentMemory()->Map(address, bytes, placement, options)).value;
}

Answer UnmapMemory(VirtAddr address, std::uint64_t bytes) {
  if (!address.PageAligned() || bytes == 0) return Status::kInvalidArgument;
  return CurrentMemory()->Unmap(address, bytes);
}

Answer ProtectMemory(VirtAddr address, std::uint64_t bytes, std::uint32_t protection) {
  if (!address.PageAligned() || (protection & ~(kProtRead | kProtWrite | kProtExecute)) != 0) return Status::kInvalidArgument;
  if (bytes == 0) return 0;
  return CurrentMemory()->Protect(address, bytes, AccessOf(protection));
}

Answer RemapMemory(VirtAddr address, std::uint64_t old_bytes, std::uint64_t new_bytes, std::uint32_t flags) {
  if ((flags & ~(kRemapMayMove | kRemapFixed | kRemapDontUnmap)) != 0 || !address.PageAligned() || new_bytes == 0) {
    return Status::kInvalidArgument;
  }
  if ((flags & (kRemapFixed | kRemapDontUnmap)) != 0 || old_bytes == 0) return Status::kInvalidArgument;
  const auto may_move =
      (flags & kRemapMayMove) != 0 ? mm::AddressSpace::MayMove::kYes : mm::AddressSpace::MayMove::kNo;
  return ESC_TRY(CurrentMemory()->Remap(address, old_bytes, new_bytes, may_move)).value;
}

Answer AdviseMemory(VirtAddr address, std::uint64_t bytes, int advice) {
  constexpr int kLastAdvice = 25;  // MADV_COLLAPSE
  if (!address.PageAligned() || advice < 0 || advice > kLastAdvice) return Status::kInvalidArgument;
  if (advice == kAdviseRemove) return Status::kNotSupported;
  // MADV_FREE may drop pages at any time or never: never. All else is a hint.
  if (advice != kAdviseDontNeed || bytes == 0) return 0;
  return CurrentMemory()->Discard(address, bytes);
}

Answer SyncMemory(VirtAddr address, std::uint64_t, std::uint32_t flags) {
  const bool both = (flags & kSyncAsync) != 0 && (flags & kSyncSync) != 0;
  if (!address.PageAligned() || both || (flags & ~(kSyncAsync | kSyncSync | kSyncInvalidate)) != 0) {
    return Status::kInvalidArgument;
  }
  return 0;  // shared pages are the file's own
}

// Nothing is ever written out to make room: every page that is there stays, locked or not.
Answer LockMemory(VirtAddr address, std::uint64_t bytes) {
  std::uint64_t end;
  return __builtin_add_overflow(address.value, bytes, &end) ? Status::kInvalidArgument : Status::kOk;
}
Answer LockMemory2(VirtAddr address, std::uint64_t bytes, std::uint32_t flags) {
  constexpr std::uint32_t kOnFault = 1;  // MLOCK_ONFAULT
  return (flags & ~kOnFault) != 0 ? Answer(Status::kInvalidArgument) : LockMemory(address, bytes);
}
Answer LockAllMemory(std::uint32_t flags) {
  constexpr std::uint32_t kKnown = 7;  // MCL_CURRENT, MCL_FUTURE, MCL_ONFAULT
  return flags == 0 || (flags & ~kKnown) != 0 ? Status::kInvalidArgument : Status::kOk;
}
Answer UnlockAllMemory() { return 0; }

Answer Barrier(int command, std::uint32_t flags, int) {
  constexpr int kQuery = 0;
  if (command == kQuery && flags == 0) return 0;  // no command is supported
  return Status::kInvalidArgument;
}

}  // namespace esc::linux_abi
