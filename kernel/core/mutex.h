// A sleeping lock for long sections (file trees, exec). Never held at a return to user mode; never taken in an
// interrupt or with a spin lock held. The owner inherits the priority of the most urgent waiter.
#pragma once

#include "kernel/base/spin_lock.h"
#include "kernel/base/thread_annotations.h"
#include "kernel/core/wait_queue.h"

namespace esc::core {

class ESC_CAPABILITY("mutex") Mutex {
 public:
  constexpr Mutex() = default;
  void Lock() ESC_ACQUIRE();
  void Unlock() ESC_RELEASE();

 private:
  SpinLock lock_{LockRank::kFile};
  Thread* owner_ ESC_GUARDED_BY(lock_) = nullptr;
  WaitQueue waiters_;
};

class ESC_SCOPED_CAPABILITY MutexGuard {
 public:
  explicit MutexGuard(Mutex& mutex) ESC_ACQUIRE(mutex) : mutex_(mutex) { mutex_.Lock(); }
  ~MutexGuard() ESC_RELEASE() { mutex_.Unlock(); }
  MutexGuard(const MutexGuard&) = delete;
  MutexGuard& operator=(const MutexGuard&) = delete;

 private:
  Mutex& mutex_;
};

}  // namespace esc::core
