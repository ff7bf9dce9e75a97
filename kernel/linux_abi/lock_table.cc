#include "kernel/linux_abi/lock_table.h"

#include <utility>

#include "kernel/core/park.h"
#include "kernel/mm/heap.h"

namespace esc::linux_abi {
namespace {

bool Overlap(LockRange a, LockRange b) { return a.begin < b.end && b.begin < a.end; }

bool Same(const HeldLock& lock, LockFamily family, const fs::Node& node, const void* owner) {
  return lock.family == family && lock.node.get() == &node && lock.owner == owner;
}

Result<HeldLock*> Copy(const HeldLock& from, LockRange range) {
  HeldLock* copy = ESC_TRY(mm::New<HeldLock>()).release();
  copy->family = from.family;
  copy->mode = from.mode;
  copy->node = from.node;
  copy->owner = from.owner;
  copy->pid = from.pid;
  copy->range = range;
  return copy;
}

}  // namespace

HeldLock* LockTable::Conflict(const HeldLock& wanted) {
  for (HeldLock& lock : locks_) {
    if (lock.family != wanted.family || !(lock.node == wanted.node) || lock.owner == wanted.owner) continue;
    if (lock.mode == LockMode::kShared && wanted.mode == LockMode::kShared) continue;
    if (Overlap(lock.range, wanted.range)) return &lock;
  }
  return nullptr;
}

void LockTable::Drop(HeldLock& lock) {
  locks_.remove(lock);
  mm::HeapDeleter{}(&lock);
}

// Takes `range` out of the owner's locks. Only the first allocation can fail, before anything has changed: one lock alone
// can reach past both ends.
Status LockTable::CutOut(LockFamily family, const fs::Node& node, const void* owner, LockRange range) {
  for (auto at = locks_.begin(); at != locks_.end();) {
    HeldLock& lock = *at;
    ++at;
    if (!Same(lock, family, node, owner) || !Overlap(lock.range, range)) continue;
    const bool before = lock.range.begin < range.begin, after = lock.range.end > range.end;
    if (before && after) {
      locks_.push_back(*ESC_TRY(Copy(lock, {range.end, lock.range.end})));
      lock.range.end = range.begin;
    } else if (before) {
      lock.range.end = range.begin;
    } else if (after) {
      lock.range.begin = range.end;
    } else {
      Drop(lock);
    }
  }
  return Status::kOk;
}

Status LockTable::Acquire(const HeldLock& wanted, Patience patience) {
  HeldLock* fresh = ESC_TRY(Copy(wanted, wanted.range));
  mutex_.Lock();
  Status status = Status::kOk;
  while (Conflict(*fresh) != nullptr) {
    status = Status::kWouldBlock;
    if (patience == Patience::kNone) break;
    core::PreparePark();
    core::Waiter waiter(released_);
    mutex_.Unlock();
    status = core::Park(core::Interruptible::kYes);
    mutex_.Lock();
    if (status == Status::kInterrupted) {
      status = Status::kRestart;
      break;
    }
    status = Status::kOk;
  }
  if (Ok(status)) status = CutOut(fresh->family, *fresh->node, fresh->owner, fresh->range);
  if (Ok(status)) locks_.push_back(*std::exchange(fresh, nullptr));
  released_.WakeAll();  // an exclusive lock may have become a shared one
  mutex_.Unlock();
  if (fresh != nullptr) mm::HeapDeleter{}(fresh);
  return status;
}

Status LockTable::Release(LockFamily family, const fs::Node& node, const void* owner, LockRange range) {
  core::MutexGuard guard(mutex_);
  const Status status = CutOut(family, node, owner, range);
  released_.WakeAll();
  return status;
}

bool LockTable::FindConflict(HeldLock& wanted) {
  core::MutexGuard guard(mutex_);
  const HeldLock* lock = Conflict(wanted);
  if (lock == nullptr) return false;
  wanted.mode = lock->mode;
  wanted.range = lock->range;
  wanted.pid = lock->pid;
  return true;
}

void LockTable::ReleaseAll(const void* owner, const fs::Node* node) {
  core::MutexGuard guard(mutex_);
  bool any = false;
  for (auto at = locks_.begin(); at != locks_.end();) {
    HeldLock& lock = *at;
    ++at;
    if (lock.owner != owner || (node != nullptr && lock.node.get() != node)) continue;
    Drop(lock);
    any = true;
  }
  if (any) released_.WakeAll();
}

}  // namespace esc::linux_abi
