#include "kernel/linux_abi/file_locks.h"

#include "kernel/fs/node.h"
#include "kernel/linux_abi/current.h"
#include "kernel/linux_abi/layout.h"
#include "kernel/linux_abi/lock_table.h"
#include "kernel/linux_abi/numbers.h"
#include "kernel/linux_abi/state.h"
#include "kernel/mm/user_copy.h"

namespace esc::linux_abi {
namespace {

constexpr std::uint64_t kToTheEnd = ~std::uint64_t{0};

// l_start and l_len, where a negative length lies before the start and 0 means "to the end, wherever that will be".
Result<LockRange> RangeOf(const FileLock& lock, core::File& file) {
  std::int64_t base = 0, begin = 0, end = 0;
  switch (lock.whence) {
    case kSeekStart: break;
    case kSeekCurrent: base = static_cast<std::int64_t>(ESC_TRY(file.Seek(0, core::SeekFrom::kCurrent))); break;
    case kSeekEnd: base = static_cast<std::int64_t>(fs::AsOpenFile(file).node().GetAttributes().size); break;
    default: return Status::kInvalidArgument;
  }
  if (__builtin_add_overflow(base, lock.start, &begin) || __builtin_add_overflow(begin, lock.length, &end)) {
    return Status::kInvalidArgument;
  }
  if (lock.length < 0) std::swap(begin, end);
  if (begin < 0) return Status::kInvalidArgument;
  return LockRange{static_cast<std::uint64_t>(begin), lock.length == 0 ? kToTheEnd : static_cast<std::uint64_t>(end)};
}

Answer TellConflict(HeldLock& wanted, FileLock& lock, VirtAddr at) {
  if (!GlobalState().file_locks.FindConflict(wanted)) {
    lock.type = kLockUnlocked;
    return mm::WriteUser(at, lock);
  }
  lock.type = wanted.mode == LockMode::kExclusive ? kLockWrite : kLockRead;
  lock.whence = kSeekStart;
  lock.start = static_cast<std::int64_t>(wanted.range.begin);
  lock.length = wanted.range.end == kToTheEnd ? 0 : static_cast<std::int64_t>(wanted.range.end - wanted.range.begin);
  lock.pid = wanted.pid.value;
  return mm::WriteUser(at, lock);
}

}  // namespace

Answer ControlLock(core::File& file, std::uint32_t command, VirtAddr at) {
  fs::OpenFile& open = fs::AsOpenFile(file);
  FileLock lock = ESC_TRY(mm::ReadUser<FileLock>(at));
  const bool of_description =
      command == kFcntlGetDescriptionLock || command == kFcntlSetDescriptionLock || command == kFcntlSetDescriptionLockWait;
  if (of_description && lock.pid != 0) return Status::kInvalidArgument;
  core::Process& process = core::CurrentProcess();
  HeldLock wanted;
  wanted.family = LockFamily::kRecord;
  wanted.node = open.node_ref();
  wanted.owner = of_description ? static_cast<const void*>(&file) : &process;
  wanted.pid = of_description ? Pid{-1} : process.pid();
  wanted.range = ESC_TRY(RangeOf(lock, file));
  const bool asks = command == kFcntlGetLock || command == kFcntlGetDescriptionLock;
  if (lock.type == kLockUnlocked && !asks) {
    return GlobalState().file_locks.Release(wanted.family, open.node(), wanted.owner, wanted.range);
  }
  if (lock.type != kLockRead && lock.type != kLockWrite) return Status::kInvalidArgument;
  wanted.mode = lock.type == kLockWrite ? LockMode::kExclusive : LockMode::kShared;
  if (asks) return TellConflict(wanted, lock, at);
  if (lock.type == kLockWrite ? !file.mode().writable : !file.mode().readable) return Status::kBadDescriptor;
  open.AskForClose();
  const bool waits = command == kFcntlSetLockWait || command == kFcntlSetDescriptionLockWait;
  return GlobalState().file_locks.Acquire(wanted, waits ? LockTable::Patience::kWait : LockTable::Patience::kNone);
}

Answer LockFile(int descriptor, std::uint32_t operation) {
  const mm::RefPtr<core::File> file = ESC_TRY(FileOf(descriptor));
  fs::OpenFile& open = fs::AsOpenFile(*file);
  const std::uint32_t command = operation & ~kLockFileNoWait;
  LockTable& locks = GlobalState().file_locks;
  if (command == kLockFileUnlock) return locks.Release(LockFamily::kWholeFile, open.node(), file.get(), {});
  if (command != kLockFileShared && command != kLockFileExclusive) return Status::kInvalidArgument;
  HeldLock wanted;
  wanted.family = LockFamily::kWholeFile;
  wanted.mode = command == kLockFileExclusive ? LockMode::kExclusive : LockMode::kShared;
  wanted.node = open.node_ref();
  wanted.owner = file.get();
  open.AskForClose();
  const bool waits = (operation & kLockFileNoWait) == 0;
  return locks.Acquire(wanted, waits ? LockTable::Patience::kWait : LockTable::Patience::kNone);
}

void ReleaseLocksOnClose(core::File& file) {
  fs::OpenFile& open = fs::AsOpenFile(file);
  if (open.node().type() == fs::NodeType::kFile) GlobalState().file_locks.ReleaseAll(&core::CurrentProcess(), &open.node());
}

void ReleaseLocksOf(const core::Process& process) { GlobalState().file_locks.ReleaseAll(&process, nullptr); }

void ReleaseLocksOf(const core::File& file) { GlobalState().file_locks.ReleaseAll(&file, nullptr); }

}  // namespace esc::linux_abi
