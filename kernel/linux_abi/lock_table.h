// Advisory locks on files: which exist, and who waits for one to go.
//
// Two families that do not see each other (flock(2)): record locks, of a range of bytes, whose owner is a process (fcntl) or
// an open file description (F_OFD_*); and whole-file locks, whose owner is a description (flock). Locking: mutex.
#pragma once

#include <cstdint>

#include "kernel/base/intrusive_list.h"
#include "kernel/base/status.h"
#include "kernel/base/units.h"
#include "kernel/core/mutex.h"
#include "kernel/core/wait_queue.h"
#include "kernel/fs/node.h"
#include "kernel/mm/ref_ptr.h"

namespace esc::linux_abi {

enum class LockFamily : std::uint8_t { kRecord, kWholeFile };
enum class LockMode : std::uint8_t { kShared, kExclusive };

struct LockRange {
  std::uint64_t begin = 0, end = ~std::uint64_t{0};  // bytes [begin, end)
};

struct FileLockTag {};

struct HeldLock : ListHook<FileLockTag> {
  LockFamily family = LockFamily::kRecord;
  LockMode mode = LockMode::kShared;
  mm::RefPtr<fs::Node> node;
  const void* owner = nullptr;  // a process or a description: only compared
  Pid pid{};                    // what F_GETLK tells; -1 for a description's
  LockRange range;
};

class LockTable {
 public:
  enum class Patience : std::uint8_t { kNone, kWait };

  // Takes, or changes, `wanted.range` for its owner. kWouldBlock, kRestart (a signal ended the wait), kNoMemory.
  Status Acquire(const HeldLock& wanted, Patience patience);
  // Gives the range up, which may cut a lock in two: kNoMemory.
  Status Release(LockFamily family, const fs::Node& node, const void* owner, LockRange range);
  // What keeps `wanted` from being taken, or nothing: mode, range and pid of it in `wanted`.
  bool FindConflict(HeldLock& wanted);
  // All that `owner` has, on `node` when there is one.
  void ReleaseAll(const void* owner, const fs::Node* node);

 private:
  HeldLock* Conflict(const HeldLock& wanted) ESC_REQUIRES(mutex_);
  Status CutOut(LockFamily family, const fs::Node& node, const void* owner, LockRange range) ESC_REQUIRES(mutex_);
  void Drop(HeldLock& lock) ESC_REQUIRES(mutex_);

  core::Mutex mutex_;
  IntrusiveList<HeldLock, FileLockTag> locks_ ESC_GUARDED_BY(mutex_);
  core::WaitQueue released_;
};

}  // namespace esc::linux_abi
